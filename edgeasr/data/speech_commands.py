"""Speech Commands: single words at 16 kHz, as the twelve-class task of keyword spotting, and as its 35 words."""

import hashlib
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from edgeasr.audio.clip import Clip
from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.download import fetch_folder
from edgeasr.data.files import File, find_file, find_local, list_files
from edgeasr.data.manifest import Row, read_manifest
from edgeasr.data.mlperf_kws import LABELS
from edgeasr.errors import DataError

__all__ = ["LABELS", "LICENCE", "SHA256", "URL", "WORDS", "load", "load_words"]

URL = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
SHA256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
LICENCE = "Speech Commands by Pete Warden, https://arxiv.org/abs/1804.03209, CC BY 4.0"

WORDS = (
    *LABELS[:10],
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("backward", "bed", "bird", "cat", "dog", "follow", "forward", "happy", "house", "learn", "marvin", "sheila"),
    *("tree", "visual", "wow"),
)

_LAYOUT = "expected WORD/SPEAKER_nohash_NUMBER.wav with validation_list.txt and testing_list.txt, or a manifest.csv"
_NAME = re.compile(r"(?P<word>[^/]+)/(?P<speaker>[^/]+)_nohash_\d+\.wav")
_SILENCE, _UNKNOWN = LABELS[10:]
_NOISE = "_background_noise_"
_SHORTEST_NOISE_S, _LONGEST_NOISE_S = 10, 600  # a second of each tenth; the real ones are of 60 to 95 s
_LISTS: Mapping[Split, str] = {"dev": "validation_list.txt", "test": "testing_list.txt"}
_TENTHS: Mapping[Split, tuple[int, int]] = {"train": (0, 8), "dev": (8, 9), "test": (9, 10)}  # of each noise


def load(path: str | None) -> Dataset:
    """Load the ten command words, `silence` and `unknown`, in the order of the MLPerf Tiny benchmark.

    The two have labels here, not None as background elsewhere, because published figures are of these twelve classes.
    The split is that of the authors' lists, which puts a speaker in one split only. As in their own training,
    `unknown` and `silence` each get a tenth as many clips as the ten words have together, in every split: `unknown`
    is drawn from all other words, always the same clips; `silence` is cut from `_background_noise_`, one second
    long, at even distances within the first 80 % of each recording (train), the next 10 % (dev) and the last (test).

    Args:
        path: the unpacked archive or a zip of it; or a folder or zip with a `manifest.csv` of the columns path,
            label12, speaker and split. None takes `speech_commands.zip`, which is such a one, from the folder that
            the environment variable EDGEASR_DATA names, if it is there, and otherwise downloads version 0.02
            (2.4 GB) once into the user's cache folder.

    Raises:
        DataError: it is not there, has another layout or only a part of the files, or the download fails.
    """
    files, path = _open(path, "speech-commands")
    rows = read_manifest(files, path, ("label12", "speaker", "split"))
    examples = _from_folders(files, path) if rows is None else [_example(row) for row in rows]
    return Dataset("speech-commands", LABELS, tuple(examples), LICENCE)


def load_words(path: str | None) -> Dataset:
    """Load all 35 words of the same archive under their own names, without `silence`; splits and path as in `load`.

    A `manifest.csv` has the column word instead of label12.
    """
    files, path = _open(path, "speech-commands-words")
    rows = read_manifest(files, path, ("word", "speaker", "split"))
    if rows is None:
        examples = list(_spoken(_below_lists(files, path)))
    else:
        examples = [_labelled(row, row.cells["word"]) for row in rows if row.cells["word"] != "_silence_"]
    for example in examples:
        if example.label not in WORDS:
            raise DataError(f"{path}: {example.id}: expected one of the 35 words, such as yes, got {example.label!r}")
    return Dataset("speech-commands-words", WORDS, tuple(examples), LICENCE)


def _open(path: str | None, name: str) -> tuple[Mapping[str, File], str]:
    path = path or find_local("speech_commands.zip")
    if path is None:
        path = str(fetch_folder(name, URL, "speech-commands-v0.02", f"sha256:{SHA256}"))
    return list_files(path, "the folder or zip of Speech Commands"), path


def _example(row: Row) -> Example:
    label = row.cells["label12"].strip("_")
    if label not in LABELS:
        raise DataError(f"{row.where}: expected one of {', '.join(LABELS)}, got {label!r}")
    return _labelled(row, label)


def _labelled(row: Row, label: str) -> Example:
    return Example(row.cells["path"], label, row.cells["speaker"], row.split(), row.file.clip)


def _from_folders(files: Mapping[str, File], path: str) -> list[Example]:
    files = _below_lists(files, path)
    spoken = [one if one.label in LABELS[:10] else replace(one, label=_UNKNOWN) for one in _spoken(files)]
    noise = {name: _recording(file) for name, file in files.items() if re.fullmatch(_NOISE + r"/[^/]+\.wav", name)}
    examples: list[Example] = []
    for split in _TENTHS:
        words = [example for example in spoken if example.split == split and example.label != _UNKNOWN]
        others = [example for example in spoken if example.split == split and example.label == _UNKNOWN]
        tenth = math.ceil(len(words) / 10)
        examples += [*words, *sorted(others, key=_draw)[:tenth], *_silence(noise, split, tenth)]
    for label in LABELS:
        if not any(example.label == label for example in examples):
            raise DataError(f"{path}: no clips of {label!r} in it: unpack the archive again: {_LAYOUT}")
    return examples


def _below_lists(files: Mapping[str, File], path: str) -> dict[str, File]:
    """Name the files from the folder of the two lists."""
    lists = [found for name in _LISTS.values() if (found := find_file(files, name, path))]
    if not lists:
        raise DataError(f"{path}: no Speech Commands in it: {_LAYOUT}")
    prefix = lists[0].removesuffix(PurePosixPath(lists[0]).name)
    below = {name.removeprefix(prefix): file for name, file in files.items() if name.startswith(prefix)}
    for name in _LISTS.values():
        if name not in below:
            raise DataError(f"{path}: expected {name} beside {lists[0]}, got none: unpack the archive again")
    return below


def _read_lists(files: Mapping[str, File]) -> dict[str, Split]:
    splits = {}
    for split, name in _LISTS.items():
        for line in files[name].text().split():
            if line not in files:
                raise DataError(f"{files[name].where}: names {line}, which is not there: unpack the archive again")
            splits[line] = split
    return splits


def _spoken(files: Mapping[str, File]) -> Iterator[Example]:
    splits = _read_lists(files)
    for name, file in files.items():
        if (found := _NAME.fullmatch(name)) and found["word"] != _NOISE:
            yield Example(name, found["word"], found["speaker"], splits.get(name, "train"), file.clip)


def _draw(example: Example) -> bytes:
    """Order clips by chance that is the same everywhere and changes nothing for the others where one goes."""
    return hashlib.sha256(example.id.encode()).digest()


def _recording(file: File) -> Clip:
    clip = file.clip(_LONGEST_NOISE_S)
    if clip.duration_s < _SHORTEST_NOISE_S:
        raise DataError(
            f"{file.where}: expected at least {_SHORTEST_NOISE_S} s of background noise, got {clip.duration_s:.1f} s: "
            "unpack the archive again"
        )
    return clip


def _silence(noise: Mapping[str, Clip], split: Split, count: int) -> Iterator[Example]:
    """Cut `count` pieces of one second from the split's part of the recordings, of each in turn."""
    turns = math.ceil(count / max(len(noise), 1))
    for turn, (name, clip) in itertools.islice(itertools.product(range(turns), noise.items()), count):
        begin, end = (tenth * len(clip.samples) // 10 for tenth in _TENTHS[split])
        start = begin + (end - clip.sample_rate_hz - begin) * turn // max(turns - 1, 1)
        yield Example(f"{name} from sample {start}", _SILENCE, "", split, partial(_cut, clip, start))


def _cut(clip: Clip, start: int) -> Clip:
    return Clip(clip.samples[start : start + clip.sample_rate_hz], clip.sample_rate_hz)
