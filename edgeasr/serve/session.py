"""One client of the service: what it asked for, its stream, and what it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.errors import ConfigError
from edgeasr.runtime import Runtime
from edgeasr.serve.message import Message, ProtocolError
from edgeasr.serve.pcm import AudioFormat, PcmStream, read_format
from edgeasr.serve.services import Services
from edgeasr.spot import Event, Spotter
from edgeasr.transcribe import StreamingTranscriber, Transcriber

__all__ = ["Session"]

_LONGEST_SPEECH_S = 300.0  # of one transcript
_LATEST_MS = 1 << 53  # of a time stamp; what is beyond is none


class Session:
    """Answer the messages of one client.

    Sound that comes without a word about what to do with it is listened to for wake words, if there are any: some
    clients never send `detect`. Sound without `audio-start` begins a stream too.
    """

    def __init__(
        self,
        services: Services,
        send: Callable[[Message], Awaitable[None]],
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        """Set up a session.

        Args:
            services: what there is.
            send: gives a message to the client.
            report: takes what was heard, for the one who runs the service.
        """
        self._services, self._send, self._report = services, send, report
        self._transcribes = not services.spotters
        self._recogniser = next(iter(services.recognisers), "")
        self._words: set[str] = set(services.words)
        self._spotters: list[Spotter] = []
        self._stream: _Wake | _Speech | None = None

    async def answer(self, message: Message) -> None:
        """Take the next message; types that mean nothing here are passed over.

        Raises:
            ProtocolError: it is not what the protocol says.
            EdgeASRError: a model fails.
        """
        if message.type == "describe":
            await self._send(Message("info", self._services.info))
        elif message.type == "ping":
            await self._send(Message("pong", {"text": message.data.get("text")}))
        elif message.type == "detect":
            self._detect(message.data.get("names"))
        elif message.type == "transcribe":
            self._transcribe(message.data.get("name"))
        elif message.type == "audio-start":
            await self._start(message)
        elif message.type == "audio-chunk":
            await self._feed(message)
        elif message.type == "audio-stop" and self._stream:
            stream, self._stream = self._stream, None
            await self._tell(await asyncio.to_thread(stream.finish))
            if isinstance(stream, _Wake) and not stream.heard:
                await self._send(Message("not-detected"))

    def _detect(self, names: object) -> None:
        if not self._services.spotters:
            raise ProtocolError("detect, and there is no wake word here")
        words = set(self._services.words)
        if isinstance(names, list) and names:
            words &= {str(name) for name in names}
        if not words:
            raise ProtocolError(f"detect of {str(names)[:100]}, expected some of {', '.join(self._services.words)}")
        self._words, self._transcribes, self._stream = words, False, None

    def _transcribe(self, name: object) -> None:
        names = self._services.recognisers
        if not names:
            raise ProtocolError("transcribe, and there is no speech to text here")
        if name is not None and name not in names:
            raise ProtocolError(f"transcribe by {str(name)[:100]!r}, expected one of {', '.join(names)}")
        self._recogniser = str(name) if name else next(iter(names))
        self._transcribes, self._stream = True, None

    async def _start(self, message: Message) -> None:
        form = read_format(message.data)
        stamp = message.data.get("timestamp")
        start_ms = stamp if isinstance(stamp, int) and 0 <= stamp <= _LATEST_MS else 0
        self._stream = await asyncio.to_thread(self._open, form, start_ms)

    def _open(self, form: AudioFormat, start_ms: int) -> "_Wake | _Speech":
        if self._transcribes:
            return _Speech(self._services.recognisers[self._recogniser](), self._recogniser, form)
        self._spotters = self._spotters or [make() for make in self._services.spotters]
        return _Wake(self._spotters, self._words, form, start_ms)

    async def _feed(self, message: Message) -> None:
        form = read_format(message.data)
        if self._stream is None:
            await self._start(message)
        assert self._stream is not None
        if form != self._stream.form:
            raise ProtocolError("sound that changes its format within a stream")
        await self._tell(await asyncio.to_thread(self._stream.feed, message))

    async def _tell(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._report({"type": message.type, **message.data})
            await self._send(message)


class _Wake:
    """A stream in which words are spotted."""

    def __init__(self, spotters: Sequence[Spotter], words: set[str], form: AudioFormat, start_ms: int) -> None:
        self.form, self.heard = form, False
        self._words, self._start_ms = words, start_ms
        self._streams = [(PcmStream(form, spotter.sample_rate_hz), spotter) for spotter in spotters]
        for spotter in spotters:
            spotter.reset()

    def feed(self, chunk: Message) -> list[Message]:
        return self._told([event for pcm, spotter in self._streams for event in spotter.feed(pcm(chunk))])

    def finish(self) -> list[Message]:
        return self._told(
            [event for pcm, spotter in self._streams for event in (*spotter.feed(pcm.finish()), *spotter.finish())]
        )

    def _told(self, events: Sequence[Event]) -> list[Message]:
        heard = sorted((event for event in events if event.label in self._words), key=lambda event: event.time_s)
        self.heard = self.heard or bool(heard)
        return [
            Message(
                "detection",
                {
                    "name": event.label,
                    "timestamp": self._start_ms + round(1000 * event.time_s),
                    "score": round(event.score, 4),
                },
            )
            for event in heard
        ]


class _Speech:
    """A stream that is transcribed: word by word, or, where the model looks at all of it, when it has ended."""

    def __init__(self, model: Runtime, name: str, form: AudioFormat) -> None:
        self.form = form
        self._name, self._words = name, list[str]()
        self._whole = Transcriber(model)
        self._rate_hz = self._whole.frontend.sample_rate_hz
        self._pcm = PcmStream(form, self._rate_hz)
        self._parts: list[NDArray[np.float32]] = []
        try:
            self._stream: StreamingTranscriber | None = StreamingTranscriber(model)
            self._most = round(_LONGEST_SPEECH_S * self._rate_hz)
        except ConfigError:
            self._stream, self._most = None, self._whole.frontend.clip_samples
        self._samples = 0

    def feed(self, chunk: Message) -> list[Message]:
        self._take(self._pcm(chunk))
        return []

    def finish(self) -> list[Message]:
        self._take(self._pcm.finish())
        if self._stream:
            self._words += [word.text for word in self._stream.finish()]
        elif self._samples:
            clip = Clip(np.concatenate(self._parts), self._rate_hz)
            self._words = [word.text for word in self._whole(clip, self._name)]
        return [Message("transcript", {"text": " ".join(self._words)})]

    def _take(self, samples: NDArray[np.float32]) -> None:
        self._samples += len(samples)
        if self._samples > self._most:
            raise ProtocolError(f"more than {self._most / self._rate_hz:g} s of speech for one transcript")
        if self._stream:
            self._words += [word.text for word in self._stream.feed(samples)]
        else:
            self._parts.append(samples)
