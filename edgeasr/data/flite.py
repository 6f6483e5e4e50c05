"""Synthetic speech by flite, where it is installed: voices cut from recordings of real people."""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import read_clip
from edgeasr.errors import DataError

__all__ = ["say", "voices"]

_VOICES = {"awb": 130, "kal16": 105, "rms": 95, "slt": 175}  # of the Debian package, and their pitch in Hz
_TIMEOUT_S = 30
_WAV_HEADER_BYTES = 44


@cache
def voices() -> tuple[str, ...]:
    """List the voices that the flite of this machine has; none where it has no flite."""
    if shutil.which("flite") is None:
        return ()
    listed = subprocess.run(["flite", "-lv"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False).stdout
    return tuple(voice for voice in _VOICES if voice in listed.split())


def say(text: str, voice: str, stretch: float = 1.0, pitch: float = 1.0) -> Clip:
    """Speak a text.

    Args:
        text: what to say, in English.
        voice: one of `voices`.
        stretch: how many times as long as usual.
        pitch: how many times as high as usual.

    Raises:
        DataError: flite fails, or says nothing.
    """
    with tempfile.TemporaryDirectory(prefix="edgeasr.") as folder:
        wav = Path(folder, "said.wav")
        how = (f"duration_stretch={stretch:.3f}", f"int_f0_target_mean={_VOICES[voice] * pitch:.1f}")
        command = ["flite", "-voice", voice, "--setf", how[0], "--setf", how[1], "-t", text, "-o", str(wav)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise DataError(f"flite did not say {text!r} within {_TIMEOUT_S} s: try again, or another text") from error
        if done.returncode or not wav.is_file() or wav.stat().st_size <= _WAV_HEADER_BYTES:
            raise DataError(f"flite cannot say {text!r} as {voice} (status {done.returncode}): try another text")
        return read_clip(wav)
