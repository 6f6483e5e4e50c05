"""One client of the service: what it asks for, and what it is told."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from edgeasr.serve.message import Message
from edgeasr.serve.services import Services
from edgeasr.serve.session import Session
from tests.serve.clients import read, serving, speak, tone

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of audioop, in Python 3.11 and 3.12
    from wyoming.asr import Transcribe, Transcript
    from wyoming.audio import AudioStop
    from wyoming.info import Describe, Info
    from wyoming.ping import Ping, Pong
    from wyoming.wake import Detect, Detection, NotDetected


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


@pytest.mark.parametrize("stamp", [-1, 10**400, "soon", None], ids=["before", "huge", "text", "none"])
def test_a_time_stamp_that_is_none_counts_as_zero(make: Callable[..., Services], stamp: object) -> None:
    told, heard = list[Message](), list[dict[str, Any]]()

    async def send(message: Message) -> None:
        told.append(message)

    async def talk() -> None:
        session = Session(make("bands"), send, heard.append)
        form = {"rate": 16000, "width": 2, "channels": 1}
        await session.answer(Message("audio-start", {**form, "timestamp": stamp}))
        await session.answer(Message("audio-chunk", form, tone(500)))

    asyncio.run(talk())
    assert 500 < told[0].data["timestamp"] < 800
    assert heard == [{"type": "detection", **told[0].data}]


def test_detections_of_several_models_come_in_the_order_of_their_times(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("low", "high")) as served, served.client() as client:
            await speak(client, tone(6000) + tone(500), chunk_frames=48_000)
            found = [Detection.from_event(await read(client)) for _ in range(2)]
            assert [one.name for one in found] == ["high", "low"]

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


@pytest.mark.parametrize(("rate_hz", "width", "channels"), [(16000, 2, 2), (16000, 1, 1), (16000, 3, 1), (44100, 4, 2)])
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


def test_speech_longer_than_the_model_sees_is_refused(make: Callable[..., Services]) -> None:
    async def talk() -> None:
        async with serving(make("whole")) as served, served.client() as client:
            await speak(client, tone(500))
            assert "more than 0.2 s of speech" in (await read(client)).data["text"]

    asyncio.run(talk())
