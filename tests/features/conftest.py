"""Speech to compute features of."""

import os
from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.audio.wav import decode_clip

DATA = Path(os.environ.get("EDGEASR_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


def spoken_digits() -> list[Clip]:
    """Return three spoken digits of FSDD where it is, else three that espeak-ng says."""
    if (DATA / "fsdd.tar.xz").exists():
        import tarfile

        with tarfile.open(DATA / "fsdd.tar.xz") as archive:
            names = (member for member in archive if member.name.endswith(".wav"))
            chosen = [member for _, member in zip(range(3), names, strict=False)]
            return [decode_clip(archive.extractfile(member).read(), member.name) for member in chosen]
    from edgeasr.data.synthetic import say

    return [say(word) for word in ("zero", "four", "seven")]


@pytest.fixture(scope="session")
def speech():
    """Give a function that returns 3 s of speech at a rate: float32 [3 * sample_rate_hz]."""
    clips = spoken_digits()

    def at(sample_rate_hz: int) -> np.ndarray:
        parts = [resample(clip, sample_rate_hz).samples for clip in clips]
        return np.resize(np.concatenate(parts), 3 * sample_rate_hz)

    return at
