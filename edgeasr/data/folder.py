"""A folder of clips: one sub-folder a label."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import get_args

from edgeasr.audio.wav import read_clip
from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.split import split_of
from edgeasr.errors import DataError

__all__ = ["SUFFIXES", "load"]

_LAYOUT = "expected LABEL/CLIP.wav or {train,dev,test}/LABEL/CLIP.wav"
SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64")
_BACKGROUND = ("_background_", "_background_noise_")  # the second is the name in Speech Commands
_LONGEST_BACKGROUND_S = 600


def load(path: str | None) -> Dataset:
    """Load a folder that holds one folder of audio files for each label.

    The split is that of the folders `train`, `dev` and `test` where these come first (`train/yes/x.wav`);
    otherwise it is chosen by the speaker, which is the file name up to the first `_` (`SPEAKER_nohash_0.wav`,
    as in Speech Commands). Hidden files and what is not audio are left out. `_background_` holds clips of no
    label.

    Raises:
        DataError: no path, no such folder, another layout, a label without clips, or fewer than two labels.
    """
    if path is None:
        raise DataError(f"folder needs a path, folder:PATH: {_LAYOUT}")
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{path}: no such folder: {_LAYOUT}")
    examples: list[Example] = []
    tops = _folders(root)
    if tops and {top.name for top in tops} <= set(get_args(Split)) and any(_folders(top) for top in tops):
        for split in get_args(Split):
            for folder in _folders(root / split) if (root / split).is_dir() else ():
                examples += _examples(folder, root, split)
    else:
        for folder in tops:
            examples += _examples(folder, root, None)
    labels = tuple(sorted({example.label for example in examples if example.label is not None}))
    if not labels:
        raise DataError(f"{path}: no folders of audio files in it: {_LAYOUT}")
    if len(labels) == 1:
        raise DataError(f"{path}: only one label, {labels[0]!r}: at least two are needed to tell apart")
    return Dataset("folder", labels, tuple(examples), "")


def _examples(folder: Path, root: Path, split: Split | None) -> Iterator[Example]:
    """Give the clips of one label; without a split each goes where its speaker belongs."""
    clips = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if not clips:
        raise DataError(f"{folder}: no audio files in it: add clips ({', '.join(SUFFIXES[:3])}) or remove it")
    background = folder.name in _BACKGROUND
    read = partial(read_clip, max_duration_s=_LONGEST_BACKGROUND_S) if background else read_clip
    for clip in clips:
        speaker = clip.stem.partition("_")[0]
        yield Example(
            id=clip.relative_to(root).as_posix(),
            label=None if background else folder.name,
            speaker=speaker,
            split=split or split_of(speaker),
            read=partial(read, clip),
        )


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
