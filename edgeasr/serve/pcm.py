"""Sound of a Wyoming client, of any rate, width and number of channels, as a model takes it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.pcm import from_bytes
from edgeasr.audio.resample import StreamingResampler
from edgeasr.serve.message import Message, ProtocolError

__all__ = ["AudioFormat", "PcmStream", "read_format"]

_RATES_HZ = (8000, 192_000)
_MOST_WIDTH = 4
_MOST_CHANNELS = 8


@dataclass(frozen=True)
class AudioFormat:
    """The format of raw sound: samples a second, bytes a sample, channels."""

    rate_hz: int
    width: int
    channels: int


def read_format(data: dict[str, Any]) -> AudioFormat:
    """Read the format that `audio-start` and every `audio-chunk` tell.

    Raises:
        ProtocolError: it is none that can be read.
    """
    rate_hz, width, channels = (data.get(name) for name in ("rate", "width", "channels"))
    if not isinstance(rate_hz, int) or not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise ProtocolError(f"sound with a rate of {repr(rate_hz)[:20]}, expected {_RATES_HZ[0]} to {_RATES_HZ[1]} Hz")
    if not isinstance(width, int) or not 1 <= width <= _MOST_WIDTH:
        raise ProtocolError(f"sound of {repr(width)[:20]} bytes a sample, expected 1 to {_MOST_WIDTH}")
    if not isinstance(channels, int) or not 1 <= channels <= _MOST_CHANNELS:
        raise ProtocolError(f"sound of {repr(channels)[:20]} channels, expected 1 to {_MOST_CHANNELS}")
    return AudioFormat(rate_hz, width, channels)


class PcmStream:
    """Turn the chunks of one stream into samples at a model's rate.

    Raises:
        MissingPackageError: the rates differ and soxr is not installed.
    """

    def __init__(self, form: AudioFormat, rate_hz: int) -> None:
        self.form = form
        self._resample = StreamingResampler(form.rate_hz, rate_hz)

    def __call__(self, chunk: Message) -> NDArray[np.float32]:
        """Give the samples that are ready after a chunk: float32 [n], mono.

        Raises:
            ProtocolError: the chunk ends in the middle of a sample.
        """
        form = self.form
        if len(chunk.payload) % (form.width * form.channels):
            raise ProtocolError(f"a chunk of {len(chunk.payload)} bytes, which ends in the middle of a sample")
        return self._resample(from_bytes(chunk.payload, form.width, form.channels))

    def finish(self) -> NDArray[np.float32]:
        """Give the samples that are still on their way, float32 [n]."""
        return self._resample.flush()
