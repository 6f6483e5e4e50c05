"""What the tests of data sets share: clips to write."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav


@pytest.fixture
def make_clip() -> Callable[..., Path]:
    """Write a short clip of noise at a path, with the folders above it."""

    def make(path: Path, samples: int = 800, sample_rate_hz: int = 8000) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(samples).uniform(-0.5, 0.5, samples).astype(np.float32)
        write_wav(path, Clip(noise, sample_rate_hz))
        return path

    return make
