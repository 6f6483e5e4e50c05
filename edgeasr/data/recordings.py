"""One's own recordings of one word: a folder of audio files."""

from functools import partial
from pathlib import Path

from edgeasr.audio.wav import read_clip
from edgeasr.data.dataset import Example
from edgeasr.data.folder import SUFFIXES
from edgeasr.errors import DataError

__all__ = ["own_recordings"]


def own_recordings(path: str, word: str) -> list[Example]:
    """List the audio files of a folder, each of which is one saying of a word, to train with.

    Raises:
        DataError: there is no such folder, or no audio in it.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{path}: no such folder: expected one with recordings of {word!r}, a saying a file")
    files = sorted(file for file in root.iterdir() if file.suffix.lower() in SUFFIXES and file.name[:1] != ".")
    if not files:
        raise DataError(
            f"{path}: no audio in it: add recordings of {word!r} ({', '.join(SUFFIXES[:3])}), a saying a file"
        )
    return [Example(file.name, word, "own", "train", partial(read_clip, file)) for file in files]
