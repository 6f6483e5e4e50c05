"""The Free Spoken Digit Dataset: ten digits, six speakers, 3000 recordings at 8 kHz."""

import hashlib
import lzma
import re
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.download import fetch_cached
from edgeasr.data.files import File, find_local, list_files
from edgeasr.errors import DataError

__all__ = ["CONTENT_SHA256", "DIGITS", "LICENCE", "URL", "content_sha256", "load"]

_COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
URL = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{_COMMIT}.tar.gz"

# GitHub may pack this archive anew, which changes its checksum; that of the recordings inside stays.
CONTENT_SHA256 = "dbd573d7cafe79c4b49f65718115e1304e24e067fa39eff18a660dc6cb9c360f"

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LICENCE = (
    "Free Spoken Digit Dataset by Zohar Jackson and contributors, "
    "https://github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0"
)

_EXPECTED = "the FSDD archive (tar) or its folder"
_NAME = re.compile(r"(\d)_([a-z]+)_(\d+)\.wav")


def load(path: str | None) -> Dataset:
    """Load FSDD with the authors' split: recordings 0-4 of each digit and speaker test, the others train.

    Of the latter, recordings 5-7 are taken as the dev split. All six speakers are in every split; `leave_out`
    gives a test on a voice that was not heard in training.

    Args:
        path: the tar archive (any compression), the unpacked folder, with or without its `recordings/`; None
            takes `fsdd.tar.xz` from the folder that the environment variable EDGEASR_DATA names, if it is there, and
            otherwise downloads the archive once, into the user's cache folder.

    Raises:
        DataError: there are no recordings there, or the download is not the FSDD that was published.
    """
    path = path or find_local("fsdd.tar.xz")
    if path is None:
        recordings = _downloaded()
    elif Path(path).is_dir():
        recordings = _in_folder(path)
    else:
        recordings = _in_tar(Path(path))
    examples = tuple(_example(name, file) for name, file in sorted(recordings.items()))
    missing = [digit for digit in DIGITS if digit not in {example.label for example in examples}]
    if missing:
        raise DataError(
            f"{path}: expected recordings named DIGIT_SPEAKER_NUMBER.wav of all ten digits, "
            f"got none of {', '.join(missing)}: unpack the archive again"
        )
    _check_whole(path or "fsdd", examples)
    return Dataset("fsdd", DIGITS, examples, LICENCE)


def content_sha256(recordings: Mapping[str, bytes]) -> str:
    """Sum up the recordings in one checksum, whatever archive they came in.

    Args:
        recordings: the content of each file, by name.

    Returns:
        The SHA-256 of the lines `NAME SHA256`, sorted by name.
    """
    lines = (f"{name} {hashlib.sha256(data).hexdigest()}\n" for name, data in sorted(recordings.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _example(name: str, file: File) -> Example:
    digit, speaker, number = _NAME.fullmatch(name).groups()  # type: ignore[union-attr]  # only such names get here
    split: Split = "test" if int(number) < 5 else "dev" if int(number) < 8 else "train"
    return Example(name, DIGITS[int(digit)], speaker, split, file.clip)


def _check_whole(path: str, examples: Iterable[Example]) -> None:
    """Refuse a copy that broke off: a speaker has the same numbers of every digit, be they 50 or, of his own, fewer."""
    numbers: dict[str, dict[str | None, set[str]]] = defaultdict(lambda: {digit: set() for digit in DIGITS})
    for example in examples:
        numbers[example.speaker][example.label].add(example.id.split("_")[-1])
    for speaker, by_digit in numbers.items():
        said = set.union(*by_digit.values())
        for digit, found in by_digit.items():
            if found != said:
                raise DataError(
                    f"{path}: expected {len(said)} recordings of {digit!r} by {speaker}, as of other digits, "
                    f"got {len(found)}: unpack the archive again"
                )


def _downloaded() -> dict[str, File]:
    archive = fetch_cached("fsdd", URL, f"fsdd-{_COMMIT[:8]}.tar.gz")
    recordings = _in_tar(archive)
    if content_sha256({name: file.content() for name, file in recordings.items()}) != CONTENT_SHA256:
        archive.unlink()
        raise DataError(
            f"{URL}: expected the 3000 recordings of FSDD, got {len(recordings)} with another checksum: "
            "try again, or give the archive as fsdd:PATH"
        )
    return recordings


def _in_folder(path: str) -> dict[str, File]:
    files = {PurePosixPath(name).name: file for name, file in list_files(path, _EXPECTED).items()}
    return {name: file for name, file in files.items() if _NAME.fullmatch(name)}


def _in_tar(path: Path) -> dict[str, File]:
    """Read the recordings of a tar, which gives up its members in order only: all of them, 22 MB."""
    recordings = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if _NAME.fullmatch(name) and (file := archive.extractfile(member)):
                    recordings[name] = File(f"{path}: {name}", partial(bytes, file.read()))
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        reason = str(error).partition(":\n")[0]  # tarfile goes on with one line for each kind of compression
        raise DataError(f"{path}: expected {_EXPECTED} ({reason})") from error
    return recordings
