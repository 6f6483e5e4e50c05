"""Where a stream of audio comes from: a file, standard input; the microphone has a module of its own."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.pcm import from_bytes
from edgeasr.audio.resample import StreamingResampler
from edgeasr.audio.wav import open_blocks
from edgeasr.errors import AudioError

__all__ = ["Blocks", "amplified", "file_blocks", "stdin_blocks"]

Blocks = Generator[NDArray[np.float32], None, None]


def file_blocks(path: Path, rate_hz: int, block_samples: int) -> Blocks:
    """Read an audio file block by block.

    Args:
        path: WAV or whatever soundfile reads, of any rate and number of channels.
        rate_hz: rate of the blocks.
        block_samples: samples to read at once.

    Yields:
        Mono blocks, float32 [n].

    Raises:
        AudioError: the file is no audio, is damaged or holds none.
    """
    file_rate_hz, blocks = open_blocks(path, block_samples)
    yield from _resampled(blocks, file_rate_hz, rate_hz)


def stdin_blocks(
    stream: BinaryIO, stream_rate_hz: int, rate_hz: int, block_samples: int, notify: Callable[[str], None]
) -> Blocks:
    """Read raw mono audio, signed 16-bit little-endian, block by block.

    A block is as long as its samples allow, not as what wrote them happened to cut them.

    Args:
        stream: where the bytes come from.
        stream_rate_hz: rate of the samples in it.
        rate_hz: rate of the blocks.
        block_samples: samples in a block.
        notify: takes a line for the user.

    Yields:
        Blocks, float32 [n].

    Raises:
        AudioError: no audio came, or it came as a WAV file.
    """
    yield from _resampled(_raw_blocks(stream, block_samples, notify), stream_rate_hz, rate_hz)


def _resampled(blocks: Iterable[NDArray[np.float32]], from_hz: int, to_hz: int) -> Blocks:
    resample = StreamingResampler(from_hz, to_hz)
    for block in blocks:
        yield resample(block)
    yield resample.flush()


def _raw_blocks(stream: BinaryIO, block_samples: int, notify: Callable[[str], None]) -> Blocks:
    data = stream.read(2 * block_samples)
    if len(data) < 2:
        raise AudioError("standard input: expected raw 16-bit mono audio, got none: check the program that writes it")
    if data.startswith(b"RIFF"):
        raise AudioError(
            "standard input: expected raw 16-bit mono audio, got a WAV file: name the file instead of -, "
            "or let arecord write raw samples (-t raw)"
        )
    while data:
        if len(data) % 2:
            notify("standard input ended in the middle of a sample: the last byte is left out")
        yield from_bytes(data[: len(data) // 2 * 2], 2)
        data = stream.read(2 * block_samples)


def amplified(blocks: Blocks, gain_db: float) -> Blocks:
    """Change the level of blocks; what comes beyond full scale is clipped, as by a sound card."""
    gain = np.float32(10 ** (gain_db / 20))
    with closing(blocks):
        for block in blocks:
            yield np.clip(gain * block, -1, 1)
