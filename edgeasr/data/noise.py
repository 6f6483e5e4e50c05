"""Noise to train with: recordings, or what NumPy makes."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.resample import resample
from edgeasr.data.dataset import Split
from edgeasr.data.files import find_audio, list_files
from edgeasr.data.manifest import read_manifest
from edgeasr.errors import DataError

__all__ = ["coloured_noise", "noise_bank"]

F32 = NDArray[np.float32]

_BANK_S = 20.0  # of each colour: long enough that two slices are never the same
_COLOURS = (0.0, 0.5, 1.0, 1.5)  # from white by pink (1) half-way to brown: power falls with 1 / f^colour
_LONGEST_S = 600
_DEV_EVERY = 5  # recordings of train, where there is no dev
_SUFFIXES = (".wav", ".flac", ".ogg")


def noise_bank(path: str, sample_rate_hz: int, split: Split = "train") -> F32:
    """Make the noise that augmentation cuts its pieces from, or that streams are laid over.

    Args:
        path: folder or zip of recordings, here or in the folder that EDGEASR_DATA names; those that a `manifest.csv`
            puts into another split are left out. Empty for noise of several colours, another in each split and always
            the same.
        sample_rate_hz: of the result.
        split: that it is for; where a manifest has only train and test, every fifth recording of train is dev, and
            where those are fewer than five, all serve for both.

    Returns:
        float32 [samples], with an energy of about 1 a sample: one recording, or colour, after the other.

    Raises:
        DataError: there are no recordings there.
        AudioError: one of them cannot be read.
    """
    if path:
        pieces = list(_recordings(find_audio(path), sample_rate_hz, split))
    else:
        rng = np.random.default_rng(get_args(Split).index(split))
        pieces = [coloured_noise(round(_BANK_S * sample_rate_hz), colour, rng) for colour in _COLOURS]
    return np.concatenate(pieces)


def coloured_noise(samples: int, colour: float, rng: np.random.Generator) -> F32:
    """Make Gaussian noise whose power falls with frequency as 1 / f^colour: 0 is white, 1 pink, 2 brown.

    Returns:
        float32 [samples], with an energy of 1 a sample.
    """
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-colour / 2)
    spectrum[0] = 0
    return _normalised(np.fft.irfft(spectrum, samples))


def _normalised(samples: NDArray[np.floating]) -> F32:
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return (samples / level if level > 0 else samples).astype(np.float32)


def _recordings(path: str, sample_rate_hz: int, split: Split) -> Iterator[F32]:
    expected = f"a folder or a zip of {', '.join(_SUFFIXES)} files"
    files = list_files(path, expected)
    rows = read_manifest(files, path, ["split"])
    if rows is None:
        recordings = [file for name, file in files.items() if PurePosixPath(name).suffix.lower() in _SUFFIXES]
    else:
        of_split = {one: [row.file for row in rows if row.split() == one] for one in get_args(Split)}
        if not of_split["dev"]:
            train = of_split["train"]
            held_out = train[_DEV_EVERY - 1 :: _DEV_EVERY]
            of_split |= {"dev": held_out or train, "train": [file for file in train if file not in held_out]}
        recordings = of_split[split]
    if not recordings:
        raise DataError(f"{path}: no recordings of the split {split!r} in it: expected {expected}")
    for recording in recordings:
        yield _normalised(resample(recording.clip(_LONGEST_S), sample_rate_hz).samples)
