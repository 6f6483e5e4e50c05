"""AudioMNIST: ten digits, sixty speakers, 30000 recordings at 48 kHz."""

import re
from collections import Counter

from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.files import File, empty_folders, find_local, list_files
from edgeasr.data.fsdd import DIGITS
from edgeasr.errors import DataError

__all__ = ["LICENCE", "load"]

LICENCE = (
    "AudioMNIST by S. Becker, J. Vielhaben, M. Ackermann, K.-R. Müller, S. Lapuschkin and W. Samek, "
    "https://github.com/soerenab/AudioMNIST, MIT"
)

_LAYOUT = "data/SPEAKER/DIGIT_SPEAKER_NUMBER.wav (data/01/0_01_0.wav)"
_NAME = re.compile(r"(?:.*/)?((\d\d)/(\d)_\2_\d+\.wav)")
_SPLITS: dict[int, Split] = {1: "test", 3: "dev"}  # by the speaker's number modulo 5


def load(path: str | None) -> Dataset:
    """Load AudioMNIST with no speaker in two splits.

    Speakers 01, 06, ... 56 are test, 03, 08, ... 58 dev, the other 36 train: 6000, 6000 and 18000 recordings when
    all are there.

    Args:
        path: the repository or its `data/`, a folder or a zip; None takes the folder `AudioMNIST` from the folder
            that the environment variable EDGEASR_DATA names. Nothing is downloaded: the authors publish no checksum.

    Raises:
        DataError: it is not there, has another layout, or lacks recordings of a speaker.
    """
    path = path or find_local("AudioMNIST")
    if path is None:
        raise DataError(
            "audiomnist is not downloaded: git clone --depth 1 https://github.com/soerenab/AudioMNIST, "
            "and give its folder as audiomnist:PATH"
        )
    files = list_files(path, f"the folder of AudioMNIST, {_LAYOUT}")
    examples = tuple(_example(found, file) for name, file in files.items() if (found := _NAME.fullmatch(name)))
    if not examples:
        raise DataError(f"{path}: no recordings of AudioMNIST in it: expected {_LAYOUT}")
    for folder in empty_folders(path):
        if re.fullmatch(r"\d\d", folder.name):
            raise DataError(f"{folder}: expected a speaker's recordings, got an empty folder: download them again")
    _check_complete(examples, path)
    return Dataset("audiomnist", DIGITS, examples, LICENCE)


def _example(found: re.Match[str], file: File) -> Example:
    name, speaker, digit = found.groups()
    return Example(name, DIGITS[int(digit)], speaker, _SPLITS.get(int(speaker) % 5, "train"), file.clip)


def _check_complete(examples: tuple[Example, ...], path: str) -> None:
    """Refuse speakers of whom there are not as many recordings of every digit."""
    counts = Counter((example.speaker, example.label) for example in examples)
    for speaker in sorted({example.speaker for example in examples}):
        of_digit = {digit: counts[speaker, digit] for digit in DIGITS}
        fewest, most = min(DIGITS, key=of_digit.__getitem__), max(DIGITS, key=of_digit.__getitem__)
        if of_digit[fewest] < of_digit[most]:
            raise DataError(
                f"{path}: expected as many recordings of every digit by speaker {speaker}, "
                f"got {of_digit[fewest]} of {fewest} and {of_digit[most]} of {most}: download them again"
            )
