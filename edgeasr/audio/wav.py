"""Audio files: PCM WAV by the standard library alone, every other format by libsndfile."""

import io
import struct
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgeasr.atomic import replacing
from edgeasr.audio.clip import Clip
from edgeasr.audio.pcm import from_bytes, to_int16, to_mono
from edgeasr.errors import AudioError
from edgeasr.packages import require

__all__ = ["decode_clip", "is_clipped", "open_blocks", "read_clip", "write_wav"]

F32 = NDArray[np.float32]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE  # format tags of the `fmt ` chunk
_BITS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
_TO_THE_END = 0xFFFFFFFF  # size of a data chunk written to a pipe, where the length was not known
_FULL_SCALE = 127 / 128  # the largest positive sample of the coarsest PCM


def read_clip(path: str | Path, max_duration_s: float = 60) -> Clip:
    """Read an audio file; several channels are averaged to one.

    Args:
        path: WAV, FLAC, OGG, or whatever else libsndfile reads.
        max_duration_s: longer files are refused by their header, before any sound is loaded.

    Raises:
        AudioError: the file is missing, empty, damaged, too long or not audio.
        MissingPackageError: the format needs soundfile, which is not installed.

    Example:
        >>> read_clip("yes.wav").duration_s  # doctest: +SKIP
        1.0
    """
    with _open_file(Path(path)) as file:
        return _decode(file, str(path), max_duration_s)


def decode_clip(data: bytes, where: str, max_duration_s: float = 60) -> Clip:
    """Read an audio file that is in memory, such as a member of an archive.

    Args:
        data: the whole file.
        where: its name, for messages.
        max_duration_s: longer files are refused.

    Raises:
        AudioError, MissingPackageError: as `read_clip`.
    """
    return _decode(io.BytesIO(data), where, max_duration_s)


def open_blocks(path: Path, block_samples: int) -> tuple[int, Iterator[F32]]:
    """Open a file of any length to be read in blocks; memory holds one block at a time.

    Args:
        path: as `read_clip`.
        block_samples: samples in a block; the last one may be shorter.

    Returns:
        The sample rate in Hz and an iterator over the blocks, float32 [n], mono.

    Raises:
        AudioError, MissingPackageError: as `read_clip`; damage further on is raised by the iterator.
    """
    with _open_file(path) as file, _sound(file, str(path)) as sound:
        return sound.sample_rate_hz, _blocks(path, block_samples)


def write_wav(path: Path, clip: Clip) -> None:
    """Write a clip as 16-bit WAV, atomically; what is beyond full scale is clipped.

    Raises:
        AudioError: the samples are not all finite.
    """
    pcm = to_int16(_check_finite(clip.samples, str(path)))
    with replacing(path) as scratch, wave.open(str(scratch), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.sample_rate_hz)
        file.writeframes(pcm.tobytes())


def is_clipped(samples: F32) -> bool:
    """Tell whether more than one sample in a hundred is at full scale: recorded too loud to be judged by."""
    return int(np.count_nonzero(np.abs(samples) >= _FULL_SCALE)) > len(samples) / 100


@dataclass(frozen=True)
class _Sound:
    """An open audio file: its rate, the samples its header promises, and `read(n)` for the next n, mono."""

    sample_rate_hz: int
    samples: int
    read: Callable[[int], F32]


def _decode(file: BinaryIO, where: str, max_duration_s: float) -> Clip:
    with _sound(file, where) as sound:
        duration_s = sound.samples / sound.sample_rate_hz
        if duration_s > max_duration_s:
            raise AudioError(
                f"{where}: expected at most {max_duration_s:g} s of sound, got {duration_s:.0f} s: "
                "cut it into clips, or stream it (`edgeasr listen`, `edgeasr transcribe --stream`)"
            )
        return Clip(_next(sound, 0, sound.samples, where), sound.sample_rate_hz)


def _blocks(path: Path, block_samples: int) -> Iterator[F32]:
    with _open_file(path) as file, _sound(file, str(path)) as sound:
        for start in range(0, sound.samples, block_samples):
            yield _next(sound, start, min(block_samples, sound.samples - start), str(path))


def _next(sound: _Sound, start: int, count: int, where: str) -> F32:
    samples = sound.read(count)
    if len(samples) < count:
        raise _truncated(where, sound.samples, start + len(samples))
    return _check_finite(samples, where)


def _check_finite(samples: F32, where: str) -> F32:
    bad = len(samples) - np.count_nonzero(np.isfinite(samples))
    if bad:
        raise AudioError(f"{where}: expected finite samples, got {bad} that are NaN or infinite: record it again")
    return samples


def _truncated(where: str, promised: int, came: int) -> AudioError:
    return AudioError(
        f"{where}: cut off: its header promises {promised} samples, {came} came: copy or convert it again"
    )


@contextmanager
def _open_file(path: Path) -> Iterator[BinaryIO]:
    if path.exists() and not path.is_file():
        raise AudioError(f"{path}: expected an audio file, got a {'folder' if path.is_dir() else 'device or pipe'}")
    try:
        file = path.open("rb")
    except OSError as error:
        raise AudioError(f"{path}: expected an audio file ({error.strerror})") from error
    with file:
        yield file


@contextmanager
def _sound(file: BinaryIO, where: str) -> Iterator[_Sound]:
    if not file.read(1):
        raise AudioError(f"{where}: expected an audio file, got an empty one (0 bytes)")
    file.seek(0)
    sound = _open_pcm(file, where)
    if sound is not None:
        yield _check_samples(sound, where)
        return
    file.seek(0)
    with _open_other(file, where) as sound:
        yield _check_samples(sound, where)


def _check_samples(sound: _Sound, where: str) -> _Sound:
    if sound.samples == 0:
        raise AudioError(f"{where}: expected sound, got 0 samples: record it again")
    return sound


def _open_pcm(file: BinaryIO, where: str) -> _Sound | None:
    """Read a WAV header and stop at the first sample; None where the file is not PCM WAV.

    Chunks and format tags as in "Multimedia Programming Interface and Data Specifications 1.0" (IBM and
    Microsoft, 1991).
    """
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    form = b""
    while True:
        chunk = file.read(8)
        if len(chunk) < 8:
            raise AudioError(f"{where}: cut off: a WAV file without a data chunk: copy or convert it again")
        name, size = struct.unpack("<4sI", chunk)
        start = file.tell()
        if name == b"data":
            break
        if name == b"fmt ":
            form = file.read(min(size, 40))
        file.seek(start + size + size % 2)
    if len(form) < 16:
        raise AudioError(f"{where}: a WAV file that does not say its format: convert it again")
    tag, channels, rate_hz, _, frame_bytes, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 26:
        (tag,) = struct.unpack("<H", form[24:26])
    if bits not in _BITS.get(tag, ()) or frame_bytes != channels * bits // 8:
        return None
    if channels == 0 or rate_hz == 0:
        raise AudioError(f"{where}: a WAV header with {channels} channels at {rate_hz} Hz: convert it again")
    there = file.seek(0, io.SEEK_END) - start
    if size == _TO_THE_END:
        size = there
    if there < size:
        raise _truncated(where, size // frame_bytes, there // frame_bytes)
    file.seek(start)
    if tag == _FLOAT:
        return None

    def read(count: int) -> F32:
        return from_bytes(file.read(count * frame_bytes), bits // 8, channels)

    return _Sound(rate_hz, size // frame_bytes, read)


@contextmanager
def _open_other(file: BinaryIO, where: str) -> Iterator[_Sound]:
    soundfile = require("soundfile", "audio", f"reading {where}, which is no PCM WAV file,")
    try:
        sound = soundfile.SoundFile(file)
    except (soundfile.SoundFileError, TypeError) as error:
        # TypeError is what a file named .raw gives: soundfile wants to be told what the header does not say.
        reason = getattr(error, "error_string", "no header")
        raise AudioError(f"{where}: expected audio (WAV, FLAC, OGG), got something else ({reason})") from error

    def read(count: int) -> F32:
        try:
            return to_mono(sound.read(count, dtype="float32", always_2d=True))
        except soundfile.SoundFileError as error:
            raise AudioError(f"{where}: damaged ({error}): copy or convert it again") from error

    with sound:
        yield _Sound(sound.samplerate, sound.frames, read)
