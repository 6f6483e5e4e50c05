"""What a spotter is trained with and measured on: keywords, and everything that is none."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.dataset import Dataset, Example, Split, load_dataset
from edgeasr.data.files import find_audio
from edgeasr.data.noise import noise_bank
from edgeasr.data.recordings import own_recordings
from edgeasr.data.stream import Recorded, Stream, build_stream, record_words
from edgeasr.decode.text import normalise
from edgeasr.errors import DataError
from edgeasr.train.config import TrainConfig
from edgeasr.train.segments import Sources
from edgeasr.train.wake import WakeConfig

__all__ = ["Keywords", "is_background"]

_OTHERS = 250  # other words in a stream, at most


class Keywords:
    """What the data of a training have to say, split by split.

    Synthetic speech is spoken when it is read, which takes a while; `report` is called with a line about each step.
    """

    def __init__(
        self,
        config: TrainConfig,
        wake: WakeConfig,
        rate_hz: int,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._wake, self._rate_hz, self._seed, self._report = wake, rate_hz, config.seed, report
        self._datasets = [load_dataset(spec) for spec in config.data]
        self.licence = "; ".join(dict.fromkeys(dataset.licence for dataset in self._datasets if dataset.licence))
        there = [label for dataset in self._datasets for label in dataset.labels]
        for word in wake.keywords:
            if word not in there:
                raise DataError(f"keyword {word!r} is not in the data: expected one of {', '.join(there)}")
        self._speech = [find_audio(path) for path in wake.speech]
        self._noise = find_audio(wake.noise) if wake.noise else ""

    def sources(self) -> Sources:
        wake = self._wake
        own = own_recordings(wake.positives, wake.keywords[0]) if wake.positives else []
        keywords = [self._groups(word) for word in wake.keywords]
        if own:
            keywords[0].append(record_words(own, self._rate_hz))
        others = [bank for dataset in self._datasets if len(bank := self._bank(dataset, "train"))]
        made = noise_bank("", self._rate_hz)
        noise = np.concatenate([noise_bank(self._noise, self._rate_hz, "train"), made]) if self._noise else made
        return Sources(keywords, [*others, *self._spoken("train")], noise)

    def stream(self, split: Split, loops: int = 1, keyword_loops: int = 1) -> Stream:
        """Make the stream of a split, in noise: its keywords, other words, and all its background speech.

        Each keyword is said as in the first data set that has it: real voices are not outnumbered by synthetic ones.

        Args:
            split: of the data.
            loops: times that the background speech comes, in other noise each time.
            keyword_loops: times that the keywords come, likewise.
        """
        keywords = self._wake.keywords
        first = {word: next(one for one in self._datasets if word in one.labels) for word in keywords}
        sayings = [one for word in keywords for one in first[word].of_split(split) if one.label == word]
        voices = len({one.speaker for one in sayings})
        self._report(f"making the {split} stream: {len(sayings)} keywords in {voices} voices, and what is none ...")
        said = record_words(sayings, self._rate_hz)
        examples = [example for dataset in self._datasets for example in dataset.of_split(split)]
        if not said:
            raise DataError(f"no keyword is said in the split {split!r}: add speakers, of whom one in ten goes there")
        heard = [one for one in examples if is_background(one, keywords)]
        others = record_words(heard[:: max(1, -(-len(heard) // _OTHERS))], self._rate_hz)
        speech = np.concatenate([np.zeros(0, np.float32), *self._spoken(split)]).astype(np.float32)
        noise = noise_bank(self._noise, self._rate_hz, split)
        words = [*said * keyword_loops, *others]
        return build_stream(words, keywords, self._rate_hz, noise, speech, self._wake.dev_snr_db, self._seed, loops)

    def _groups(self, word: str) -> list[Sequence[Recorded]]:
        groups: list[Sequence[Recorded]] = []
        for dataset in self._datasets:
            said = [example for example in dataset.of_split("train") if example.label == word]
            if said:
                voices = len({example.speaker for example in said})
                self._report(f"{dataset.name}: saying {word!r} {len(said)} times, in {voices} voices ...")
                groups.append(record_words(said, self._rate_hz))
        if not groups:
            raise DataError(f"nobody says {word!r} in the split 'train': add recordings")
        return groups

    def _bank(self, dataset: Dataset, split: Split) -> NDArray[Any]:
        others = [example for example in dataset.of_split(split) if is_background(example, self._wake.keywords)]
        if others:
            self._report(f"{dataset.name}: saying {len(others)} other things ...")
        words = record_words(others, self._rate_hz)
        return np.concatenate([np.zeros(0, np.float16), *(word.samples.astype(np.float16) for word in words)])

    def _spoken(self, split: Split) -> list[NDArray[Any]]:
        spoken = []
        for path in self._speech:
            self._report(f"{Path(path).name}: background speech of the {split} split ...")
            spoken.append(noise_bank(path, self._rate_hz, split).astype(np.float16))
        return spoken


def is_background(example: Example, keywords: Sequence[str]) -> bool:
    """Say whether a spotter should be silent on an example.

    An example is background when its label or transcript has no keyword in it; one that has, and is no keyword itself,
    is neither.
    """
    if example.label is None:
        return True
    said = _words_of(example.label)
    return example.label != "silence" and not any(_words_of(word) in said for word in keywords)


def _words_of(text: str) -> str:
    """Give the words of a text between spaces; what follows an apostrophe is one of its own, as in "Alexa's"."""
    words = normalise(text).replace("'", " ").split()
    return f" {' '.join(words)} "
