"""What a data set is, and the registry of those that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.errors import DataError
from edgeasr.registry import resolve

__all__ = ["DATASETS", "Dataset", "Example", "Split", "leave_out", "load_dataset"]

Split = Literal["train", "dev", "test"]

DATASETS: Mapping[str, str] = {
    "folder": "edgeasr.data.folder:load",
    "fsdd": "edgeasr.data.fsdd:load",
    "mlperf-kws": "edgeasr.data.mlperf_kws:load",
    "synthetic": "edgeasr.data.synthetic:load",
}


@dataclass(frozen=True)
class Example:
    """One labelled clip of a data set.

    Attributes:
        id: its name within the data set, for messages.
        label: what is said; None for background, which is no label's.
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
    """A data set: its labels in order, its examples, and what its licence asks to be said."""

    name: str
    labels: tuple[str, ...]
    examples: tuple[Example, ...]
    licence: str


def load_dataset(spec: str) -> Dataset:
    """Load a data set by its name on the command line, `NAME` or `NAME:PATH`.

    Raises:
        ConfigError: there is no data set of this name.
        DataError: it cannot be found or read.
    """
    name, _, path = spec.partition(":")
    dataset: Dataset = resolve(DATASETS, name, "data set")(path or None)
    return dataset


def leave_out(dataset: Dataset, speaker: str) -> Dataset:
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
