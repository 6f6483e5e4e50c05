"""What a data set is, and the registry of those that there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.errors import ConfigError, DataError
from edgeasr.registry import resolve

__all__ = ["DATASETS", "Dataset", "Example", "Split", "load_dataset", "load_datasets"]

Split = Literal["train", "dev", "test"]

DATASETS: Mapping[str, str] = {
    "audiomnist": "edgeasr.data.audiomnist:load",
    "coffee-orders": "edgeasr.data.transcripts:load_coffee_orders",
    "folder": "edgeasr.data.folder:load",
    "fsdd": "edgeasr.data.fsdd:load",
    "librispeech": "edgeasr.data.librispeech:load",
    "mlperf-kws": "edgeasr.data.mlperf_kws:load",
    "mlperf-kws-split": "edgeasr.data.mlperf_kws:load_split",
    "mnist": "edgeasr.data.mnist:load",
    "phrase": "edgeasr.data.phrase:load",
    "read-speech": "edgeasr.data.transcripts:load_read_speech",
    "speech-commands": "edgeasr.data.speech_commands:load",
    "speech-commands-words": "edgeasr.data.speech_commands:load_words",
    "synthetic": "edgeasr.data.synthetic:load",
    "transcripts": "edgeasr.data.transcripts:load",
    "wake-words": "edgeasr.data.wake_words:load",
}


@dataclass(frozen=True)
class Example:
    """One labelled clip of a data set.

    Attributes:
        id: its name within the data set, for messages.
        label: what is said: a label, or the transcript where the data set has those; None for background.
        speaker: who says it.
        split: train, dev or test.
        read: gives the sound, or ready features [frames, bins] where the data set has no sound.
    """

    id: str
    label: str | None
    speaker: str
    split: Split
    read: Callable[[], Clip | NDArray[np.float32]]


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes:
        name: for messages.
        labels: those that there are, in order; empty where the examples have transcripts instead.
        examples: the clips.
        licence: what its licence asks to be said.
    """

    name: str
    labels: tuple[str, ...]
    examples: tuple[Example, ...]
    licence: str

    def of_split(self, split: Split) -> tuple[Example, ...]:
        """Give the examples of a split, background included."""
        return tuple(example for example in self.examples if example.split == split)

    def labelled(self, split: Split) -> tuple[Example, ...]:
        """Give the examples of a split that have a label.

        Raises:
            DataError: there are none.
        """
        examples = tuple(example for example in self.of_split(split) if example.label is not None)
        if not examples:
            raise DataError(
                f"{self.name}: no labelled clip in the split {split!r}: expected some, choose another split"
            )
        return examples


def load_datasets(specs: Sequence[str], leave_out: str | None = None) -> Dataset:
    """Load data sets and join them: their labels in the order in which they first appear, all their examples.

    Args:
        specs: `NAME` or `NAME:PATH` each.
        leave_out: a speaker who makes the test split; all others' test clips go to the training split.

    Raises:
        ConfigError: there is no data set of this name.
        DataError: one cannot be found or read, or nobody of this name speaks in any of them.
    """
    datasets = [load_dataset(spec) for spec in specs]
    joined = Dataset(
        name=" + ".join(dataset.name for dataset in datasets),
        labels=tuple(dict.fromkeys(label for dataset in datasets for label in dataset.labels)),
        examples=tuple(example for dataset in datasets for example in dataset.examples),
        licence="; ".join(dict.fromkeys(dataset.licence for dataset in datasets if dataset.licence)),
    )
    return _leave_out(joined, leave_out) if leave_out else joined


def load_dataset(spec: str) -> Dataset:
    """Load a data set by its name on the command line, `NAME` or `NAME:PATH`.

    Raises:
        ConfigError: there is no data set of this name.
        DataError: it cannot be found or read.
    """
    name, colon, path = spec.partition(":")
    if colon and not path:
        raise ConfigError(f"{spec!r} names no path: expected NAME or NAME:PATH")
    dataset: Dataset = resolve(DATASETS, name, "data set")(path or None)
    return dataset


def _leave_out(dataset: Dataset, speaker: str) -> Dataset:
    """Make `speaker` the test split and put all others' test clips into their training split.

    Raises:
        DataError: nobody of this name speaks in the data set.
    """
    speakers = sorted({example.speaker for example in dataset.examples})
    if speaker not in speakers:
        raise DataError(f"{dataset.name} has no speaker {speaker!r}: expected one of {', '.join(speakers)}")

    def split(example: Example) -> Split:
        if example.speaker == speaker:
            return "test"
        return "train" if example.split == "test" else example.split

    return replace(dataset, examples=tuple(replace(example, split=split(example)) for example in dataset.examples))
