"""The service, talked to by the client of the package wyoming, and by clients that no service deserves."""

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.card import Card, CtcOutput
from edgeasr.errors import ConfigError
from edgeasr.features import FrontendConfig
from edgeasr.runtime import Runtime
from edgeasr.serve import services as services_module
from edgeasr.serve.message import LONGEST_LINE
from edgeasr.serve.server import Limits, serve
from edgeasr.serve.services import Services
from edgeasr.spot import Spotter, SpotterConfig

pytest.importorskip("wyoming")

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of audioop, in Python 3.11 and 3.12
    from wyoming.asr import Transcribe, Transcript
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.event import Event
    from wyoming.info import Describe, Info
    from wyoming.ping import Ping, Pong
    from wyoming.wake import Detect, Detection, NotDetected

FRONTEND = FrontendConfig("spectrogram", 16000, clip_ms=200, window_ms=16, hop_ms=10, fft_size=256)
CONFIG = SpotterConfig(hop_ms=20, smoothing_ms=60, threshold=0.7)


class Bands(Runtime):
    """Say where the energy of the newer half of the window lies: nowhere, below or above 4 kHz."""

    name, version, threads = "fake", "fake 1", 1
    card = Card("bands", "float32", ("_silence_", "low", "high"), FRONTEND, "probabilities", "")

    def __init__(self, path, runtime=None, threads=1):
        self.path = path

    def run(self, features):
        newer = features[len(features) // 2 :].mean(axis=0)
        energy = np.array([2.0, newer[:64].sum(), newer[64:].sum()], np.float32)
        return energy / energy.sum()

    def reset(self):
        pass


class Letters(Bands):
    """Write "a" for a frame with energy below 4 kHz, "b" above; a blank otherwise."""

    card = Card("letters", "float32", ("a", "b", " ", "_"), FRONTEND, "probabilities", "", ctc=CtcOutput())

    def run(self, features):
        best = np.full(len(features), 3)
        low, high = features[:, :64].sum(axis=1), features[:, 64:].sum(axis=1)
        best[low > 20] = 0
        best[high > 20] = 1
        return np.eye(4, dtype=np.float32)[best]


class WholeLetters(Letters):
    """The same, but it wants to see everything first."""

    card = Card("whole", "float32", ("a", "b", " ", "_"), FRONTEND, "probabilities", "", ctc=CtcOutput(lookahead=None))


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Services]:
    """Give a function that makes services of artefacts by their names."""
    models = {"bands": Bands, "letters": Letters, "whole": WholeLetters}
    monkeypatch.setattr(services_module, "load", lambda path, *_: models[path.stem.partition("-")[0]](path))

    def services(*names: str) -> Services:
        paths = [Path(f"{name}.onnx") for name in names]
        return services_module.open_services(paths, [CONFIG] * len(paths), None, 1, "en")

    return services


class Served:
    """A running service: its port, its log, and what it reported."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self.port = 0

    def client(self) -> AsyncTcpClient:
        return AsyncTcpClient("127.0.0.1", self.port, connect_timeout=10, read_timeout=20)

    async def logged(self, count: int) -> list[str]:
        for _ in range(1000):
            if len(self.log) >= count:
                break
            await asyncio.sleep(0.01)
        return self.log


@asynccontextmanager
async def serving(services: Services, limits: Limits | None = None) -> AsyncIterator[Served]:
    served, started = Served(), asyncio.Event()

    def start(port: int) -> None:
        served.port = port
        started.set()

    task = asyncio.create_task(serve(services, "127.0.0.1", 0, start, served.log.append, served.heard.append, limits))
    await started.wait()
    try:
        yield served
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def tone(hz: float, rate_hz: int = 16000, width: int = 2, channels: int = 1) -> bytes:
    """Give half a second of silence, half a second of a tone, and half a second of silence."""
    time = np.arange(rate_hz // 2) / rate_hz
    quiet = np.zeros(rate_hz // 2)
    mono = np.concatenate([quiet, 0.4 * np.sin(2 * np.pi * hz * time), quiet])
    if width == 1:
        samples = np.rint(mono * 127 + 128).astype("u1")
    else:
        samples = np.rint(mono * (2 ** (8 * width - 1) - 1)).astype(f"<i{width}")
    return np.repeat(samples, channels).tobytes()


async def speak(
    client: AsyncTcpClient,
    pcm: bytes,
    rate_hz: int = 16000,
    width: int = 2,
    channels: int = 1,
    start: bool = True,
    stop: bool = True,
    chunk_frames: int = 1024,
    start_ms: int | None = None,
) -> None:
    form = {"rate": rate_hz, "width": width, "channels": channels}
    if start:
        await client.write_event(AudioStart(**form, timestamp=start_ms).event())
    size = chunk_frames * width * channels
    for begin in range(0, len(pcm), size):
        await client.write_event(AudioChunk(**form, audio=pcm[begin : begin + size]).event())
    if stop:
        await client.write_event(AudioStop().event())


async def read(client: AsyncTcpClient) -> Event:
    event = await client.read_event()
    assert event is not None, "the service has closed the connection"
    return event


def test_describe_tells_of_wake_words_and_recognisers(make: Callable[..., Services]) -> None:
    async def talk() -> Info:
        async with serving(make("bands", "letters")) as served, served.client() as client:
            await client.write_event(Describe().event())
            event = await read(client)
            assert Info.is_type(event.type)
            await client.write_event(Ping("hello").event())
            assert Pong.from_event(await read(client)).text == "hello"
            return Info.from_event(event)

    info = asyncio.run(talk())
    (wake,), (asr,) = info.wake, info.asr
    assert [(model.name, model.phrase, model.languages) for model in wake.models] == [
        ("low", "low", ["en"]),
        ("high", "high", ["en"]),
    ]
    assert all(model.installed and model.version and model.attribution.url for model in wake.models)
    assert [model.name for model in asr.models] == ["letters"]
    assert info.tts == []


@pytest.mark.parametrize("detect", [True, False])
@pytest.mark.parametrize("start", [True, False])
def test_detection_comes_while_the_word_is_said_with_or_without_being_asked_for(
    make: Callable[..., Services], detect: bool, start: bool
) -> None:
    async def talk() -> None:
        async with serving(make("bands")) as served, served.client() as client:
            if detect:
                await client.write_event(Detect(names=None).event())
            await speak(client, tone(500), start=start, start_ms=10_000, stop=False)
            event = await read(client)
            assert Detection.is_type(event.type)
            found = Detection.from_event(event)
            assert found.name == "low"
            assert 500 < found.timestamp - (10_000 if start else 0) < 800
            assert 0.7 <= event.data["score"] <= 1
            await client.write_event(AudioStop().event())
            await speak(client, tone(500), stop=False)  # the next stream of the same client knows nothing of the last
            again = Detection.from_event(await read(client))
            assert (again.name, again.timestamp) == ("low", found.timestamp - (10_000 if start else 0))
            assert [heard["name"] for heard in served.heard] == ["low", "low"]
            assert served.log == []

    asyncio.run(talk())


def test_detect_names_the_words_that_are_wanted(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("bands")) as served, served.client() as client:
            await client.write_event(Detect(names=["high"]).event())
            await speak(client, tone(500))
            assert NotDetected.is_type((await read(client)).type)
            await speak(client, tone(6000))
            assert Detection.from_event(await read(client)).name == "high"

    asyncio.run(talk())


@pytest.mark.parametrize(("rate_hz", "width", "channels"), [(16000, 2, 2), (16000, 1, 1), (16000, 4, 1), (44100, 2, 2)])
def test_sound_of_any_format_is_listened_to(
    make: Callable[..., Services], rate_hz: int, width: int, channels: int
) -> None:
    async def talk() -> None:
        async with serving(make("bands")) as served, served.client() as client:
            form = {"rate_hz": rate_hz, "width": width, "channels": channels}
            await speak(client, tone(500, **form), **form)
            assert Detection.from_event(await read(client)).name == "low"

    asyncio.run(talk())


@pytest.mark.parametrize("ask", [True, False])
@pytest.mark.parametrize("name", ["letters", "whole"])
def test_speech_is_written_down(make: Callable[..., Services], name: str, ask: bool) -> None:
    async def talk() -> None:
        services = make("bands", name) if ask else make(name)
        async with serving(services) as served, served.client() as client:
            for hz, text in ((500, "a"), (6000, "b")):
                if ask:
                    await client.write_event(Transcribe(language="en").event())
                await speak(client, tone(hz)[12_800:19_200])  # as long as the window
                event = await read(client)
                assert Transcript.is_type(event.type)
                assert Transcript.from_event(event).text == text

    asyncio.run(talk())


def test_every_client_has_a_state_of_its_own(make: Callable[..., Services]) -> None:
    async def one(served: Served, hz: float, chunk_frames: int) -> list[tuple[str, int]]:
        async with served.client() as client:
            await speak(client, tone(hz), chunk_frames=chunk_frames)
            found = Detection.from_event(await read(client))
            return [(found.name, found.timestamp)]

    async def talk() -> None:
        async with serving(make("bands")) as served:
            alone = {hz: await one(served, hz, 1024) for hz in (500, 6000)}
            many = [(500 if number % 2 else 6000, 160 + 97 * number) for number in range(12)]
            together = await asyncio.gather(*(one(served, hz, size) for hz, size in many))
            assert together == [alone[hz] for hz, _ in many]

    asyncio.run(talk())


def test_a_hundred_clients_are_served_and_those_beyond_the_limit_refused(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("bands"), Limits(clients=100)) as served:
            clients = [served.client() for _ in range(100)]
            await asyncio.gather(*(client.connect() for client in clients))
            await asyncio.gather(*(speak(client, tone(500), stop=False, chunk_frames=4000) for client in clients))
            names = [Detection.from_event(await read(client)).name for client in clients]
            assert names == ["low"] * 100
            async with served.client() as late:
                assert (await read(late)).type == "error"
            assert (await served.logged(1))[0].endswith("sent away: one client more than 100")
            await asyncio.gather(*(client.disconnect() for client in clients))

    asyncio.run(talk())


GARBAGE = {
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n": "a header that is no JSON",
    b"\n": "a header that is no JSON",
    b"[1, 2]\n": "a header that is no JSON object",
    b'{"data": {}}\n': "a header without a type",
    b'{"type": "x", "data": [1]}\n': "a header without a type, or with data that is no object",
    b"x" * (3 * LONGEST_LINE): f"a header of more than {LONGEST_LINE} bytes",
    b"[" * 50_000 + b"\n": "a header that is no JSON",
    b'{"type": "x", "data_length": 99999999}\n': "data_length 99999999, expected 0 to",
    b'{"type": "x", "payload_length": -1}\n': "payload_length -1, expected 0 to",
    b'{"type": "x", "payload_length": "many"}\n': "payload_length many, expected 0 to",
    b'{"type": "x", "data_length": 3}\n{{{': "data that is no JSON",
    b'{"type": "audio-start", "data": {"rate": 0, "width": 2, "channels": 1}}\n': "sound with a rate of 0",
    b'{"type": "audio-start", "data": {"rate": 16000, "width": 3, "channels": 1}}\n': "sound of 3 bytes a sample",
    b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2}}\n': "sound of None channels",
    b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1}, "payload_length": 3}\nabc': (
        "a chunk of 3 bytes, which ends in the middle of a sample"
    ),
    b'{"type": "detect", "data": {"names": ["marvin"]}}\n': "detect of ['marvin'], expected some of low, high",
    b'{"type": "transcribe"}\n': "transcribe, and there is no speech to text here",
}


def test_garbage_is_answered_with_one_line_and_the_service_goes_on(make: Callable[..., Services]) -> None:
    async def throw(served: Served, garbage: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(garbage)
        with suppress(OSError):
            await writer.drain()
        answer = b""
        with suppress(OSError):  # the service closes with garbage unread
            answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return answer

    async def talk() -> None:
        async with serving(make("bands")) as served:
            for number, (garbage, complaint) in enumerate(GARBAGE.items(), start=1):
                answer = await throw(served, garbage)
                log = await served.logged(number)
                assert len(log) == number
                assert complaint in log[-1]
                assert "\n" not in log[-1]
                if answer:
                    assert json.loads(answer.splitlines()[0])["type"] == "error"
            async with served.client() as client:
                await speak(client, tone(500))
                assert Detection.from_event(await read(client)).name == "low"

    asyncio.run(talk())


def test_half_a_message_and_silence_end_in_time(make: Callable[..., Services], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeasr.serve.message._WHOLE_S", 0.2)

    async def talk() -> None:
        async with serving(make("bands"), Limits(idle_s=0.3)) as served:
            for begun, complaint in (
                (b'{"type": "det', "half a message, and nothing for 0.2 s"),
                (b'{"type": "x", "payload_length": 100}\n12345', "half a message, and nothing for 0.2 s"),
                (b"", "nothing from it for 0.3 s"),
            ):
                before = len(served.log)
                reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
                writer.write(begun)
                await asyncio.wait_for(reader.read(), 20)
                assert complaint in (await served.logged(before + 1))[-1]
                writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b'{"type": "x", "payload_length": 100}\n12345')
            writer.write_eof()  # and it disappears
            await asyncio.wait_for(reader.read(), 20)
            assert (await served.logged(4))[-1].endswith("half a message")
            writer.close()

    asyncio.run(talk())


def test_a_client_that_takes_no_answers_is_sent_away(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("bands"), Limits(write_s=0.2)) as served:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
            writer.transport.pause_reading()
            with suppress(OSError):
                for _ in range(200):
                    writer.write(b'{"type": "describe"}\n' * 200)
                    await asyncio.sleep(0)
                    if served.log:
                        break
                log = await served.logged(1)
            assert log[0].endswith("it does not take its answers for 0.2 s")
            writer.transport.abort()

    asyncio.run(talk())


def test_a_model_that_breaks_costs_its_client_only(make: Callable[..., Services]) -> None:
    class Broken(Bands):
        def run(self, features):
            return np.array([0.5, np.nan, 0.5], np.float32)

    good = make("bands")
    models = [Broken(Path("broken.onnx")), Bands(Path("bands.onnx"))]
    services = Services({"bands": lambda: Spotter(models.pop(0), CONFIG)}, {}, good.words, good.info)

    async def talk() -> None:
        async with serving(services) as served:
            async with served.client() as client:
                await speak(client, tone(500)[:4000], stop=False)
                event = await read(client)
                assert event.type == "error"
                assert "broken.onnx: expected 3 finite scores" in event.data["text"]
            assert "broken.onnx: expected 3 finite scores" in (await served.logged(1))[0]
            async with served.client() as client:
                await speak(client, tone(500))
                assert Detection.from_event(await read(client)).name == "low"

    asyncio.run(talk())


def test_speech_longer_than_the_model_sees_is_refused(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("whole")) as served, served.client() as client:
            await speak(client, tone(500))
            assert "more than 0.2 s of speech" in (await read(client)).data["text"]

    asyncio.run(talk())


def test_a_port_that_is_taken_is_an_error(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("bands")) as served:
            with pytest.raises(ConfigError, match=f"cannot serve at 127.0.0.1:{served.port} .*: choose another port"):
                await serve(make("bands"), "127.0.0.1", served.port, print, print)

    asyncio.run(talk())


def test_two_artefacts_of_one_word_or_one_name_are_refused(make: Callable[..., Services]) -> None:
    with pytest.raises(ConfigError, match="another artefact spots 'low' too"):
        make("bands", "bands-2")
    with pytest.raises(ConfigError, match="another artefact of the name letters"):
        make("letters", "letters")
