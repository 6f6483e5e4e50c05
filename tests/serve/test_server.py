"""The service and many clients, some of whom no service deserves."""

import asyncio
import errno
import json
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ConfigError
from edgeasr.serve.message import LONGEST_LINE
from edgeasr.serve.server import Limits, serve
from edgeasr.serve.services import Services
from edgeasr.spot import Spotter
from tests.serve.clients import Served, read, serving, speak, tone
from tests.serve.conftest import CONFIG, Bands

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of audioop, in Python 3.11 and 3.12
    from wyoming.wake import Detection


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
    b'{"type": "x", "payload_length": "many"}\n': "payload_length 'many', expected 0 to",
    b'{"type": "x", "data_length": 3}\n{{{': "data that is no JSON",
    b'{"type": "audio-start", "data": {"rate": 0, "width": 2, "channels": 1}}\n': "sound with a rate of 0",
    b'{"type": "audio-start", "data": {"rate": 16000, "width": 5, "channels": 1}}\n': "sound of 5 bytes a sample",
    b'{"type": "audio-start", "data": {"rate": "\\u001b[2J\\n", "width": 2}}\n': r"a rate of '\x1b[2J\n', expected",
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
    services = Services((lambda: Spotter(models.pop(0), CONFIG),), {}, good.words, good.info)

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


def test_a_client_whose_network_is_gone_leaves_without_a_trace(
    make: Callable[..., Services], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def unreachable(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr("edgeasr.serve.server.read_message", unreachable)

    async def talk() -> None:
        async with serving(make("bands")) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()
            assert served.log == []

    asyncio.run(talk())
    assert caplog.records == []  # where asyncio tells of errors that nobody saw to


def test_clients_are_served_although_nothing_can_be_reported(make: Callable[..., Services]) -> None:
    def full(heard: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def talk() -> None:
        async with serving(make("bands"), report=full) as served, served.client() as client:
            await speak(client, tone(500))
            assert Detection.from_event(await read(client)).name == "low"

    asyncio.run(talk())


def test_a_port_that_is_taken_is_an_error(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("bands")) as served:
            complaint = f"cannot serve at 127.0.0.1:{served.port} (address already in use): choose another address"
            with pytest.raises(ConfigError, match=re.escape(complaint)):
                await serve(make("bands"), "127.0.0.1", served.port, print, print)

    asyncio.run(talk())
