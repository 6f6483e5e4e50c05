"""The wake words "alexa", "computer" and "jarvis", recorded by many people."""

from edgeasr.data.dataset import Dataset, Example
from edgeasr.data.files import find_local, list_files
from edgeasr.data.manifest import Row, read_manifest
from edgeasr.errors import DataError

__all__ = ["load"]

_LICENCE = "wake words by Picovoice Inc., https://github.com/Picovoice/wake-word-benchmark, Apache-2.0"
_ARCHIVE = "wake_words.zip"
_COLUMNS = ("keyword", "split", "pseudo_speaker")


def load(path: str | None) -> Dataset:
    """Load the recordings of three wake words: one saying a clip, about 3 s with what is around it.

    Args:
        path: a folder or zip with a `manifest.csv` of the columns path, keyword, split and pseudo_speaker; None takes
            `wake_words.zip` from the folder that EDGEASR_DATA names.

    Raises:
        DataError: it is not there, or has another layout.
    """
    path = path or find_local(_ARCHIVE)
    if path is None:
        raise DataError(
            f"wake-words is not downloaded: give {_ARCHIVE} as wake-words:PATH, or its folder as EDGEASR_DATA"
        )
    expected = f"a folder or zip with a manifest.csv of the columns path, {', '.join(_COLUMNS)}"
    rows = read_manifest(list_files(path, expected), path, _COLUMNS)
    if rows is None:
        raise DataError(f"{path}: no manifest.csv in it: expected {expected}")
    labels = tuple(sorted({row.cells["keyword"] for row in rows}))
    return Dataset("wake-words", labels, tuple(map(_example, rows)), _LICENCE)


def _example(row: Row) -> Example:
    cells = row.cells
    return Example(cells["path"], cells["keyword"], cells["pseudo_speaker"], row.split(), row.file.clip)
