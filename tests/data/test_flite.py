"""Voices of flite, where it is installed."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data import flite


def test_voices_are_none_without_flite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    flite.voices.cache_clear()
    assert flite.voices() == ()
    flite.voices.cache_clear()


@pytest.mark.skipif(os.environ.get("CI") != "true" and not shutil.which("flite"), reason="flite is not installed")
def test_say_is_longer_when_stretched_and_the_same_again() -> None:
    voice = flite.voices()[0]
    short, long = flite.say("hey robin", voice, 0.8), flite.say("hey robin", voice, 1.4)
    assert long.duration_s > 1.2 * short.duration_s
    np.testing.assert_array_equal(short.samples, flite.say("hey robin", voice, 0.8).samples)
