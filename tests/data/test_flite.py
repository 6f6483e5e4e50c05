"""Voices of flite, where it is installed."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data import flite
from edgeasr.errors import DataError


def test_voices_are_none_without_flite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    flite.voices.cache_clear()
    assert flite.voices() == ()
    flite.voices.cache_clear()


def test_say_of_a_flite_that_hangs_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hanging = tmp_path / "flite"
    hanging.write_text("#!/bin/sh\nexec sleep 20\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(flite, "_TIMEOUT_S", 0.1)
    with pytest.raises(DataError, match=r"^flite did not say 'hello' within 0\.1 s"):
        flite.say("hello", "slt")


needs_flite = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not shutil.which("flite"), reason="flite is not installed"
)


@needs_flite
def test_say_of_what_cannot_be_spoken_names_the_text() -> None:
    with pytest.raises(DataError, match=r"^flite cannot say '…' as kal16 .*: try another text$"):
        flite.say("…", "kal16")


@needs_flite
def test_say_is_longer_when_stretched_and_the_same_again() -> None:
    voice = flite.voices()[0]
    short, long = flite.say("hey robin", voice, 0.8), flite.say("hey robin", voice, 1.4)
    assert long.duration_s > 1.2 * short.duration_s
    np.testing.assert_array_equal(short.samples, flite.say("hey robin", voice, 0.8).samples)
