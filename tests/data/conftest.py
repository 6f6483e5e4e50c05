"""What the tests of data sets share: where the real data is, and clips to write."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav

DATA = Path(os.environ.get("EDGEASR_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


@pytest.fixture
def real() -> Callable[[str], Path]:
    """Give the path of a real archive, or skip the test where it is not."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"{name} is not in EDGEASR_DATA")
        return DATA / name

    return find


@pytest.fixture
def make_clip() -> Callable[..., Path]:
    """Write a short clip of noise at a path, with the folders above it."""

    def make(path: Path, samples: int = 800, sample_rate_hz: int = 8000) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(samples).uniform(-0.5, 0.5, samples).astype(np.float32)
        write_wav(path, Clip(noise, sample_rate_hz))
        return path

    return make
