"""Listening from Python: the same events as an iterator, asynchronously and by callback."""

import asyncio
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.bundle import Bundle
from edgeasr.data.synthetic import say
from edgeasr.errors import ArtefactError, AudioError
from edgeasr.spot import Event, Spotter, listen, listen_async, listening, start_listening

DOCUMENT = Path(__file__).parents[2] / "docs" / "spotting.md"


@pytest.fixture
def events(band_model, tones, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Give the events of the tones, and have every path loaded as the model that hears them."""
    monkeypatch.setattr(listening, "load", lambda path: band_model())
    monkeypatch.setattr(listening, "kept_settings", lambda path: None)
    spotter = Spotter(band_model())
    return [*spotter.feed(tones), *spotter.finish()]


def test_listen_to_blocks_gives_the_events_of_the_spotter(events: list[Event], tones: np.ndarray) -> None:
    assert len(events) == 3
    assert list(listen("fake.tflite", np.array_split(tones, 7))) == events


def test_listen_gives_an_event_before_it_takes_the_next_block(events: list[Event], tones: np.ndarray) -> None:
    taken = []

    def blocks():
        for block in np.split(tones, 30):
            taken.append(block)
            yield block

    source = blocks()
    heard = listen("fake.tflite", source)
    first = next(heard)
    heard.close()
    assert first == events[0]
    assert len(taken) == np.ceil(first.time_s * 10)
    np.testing.assert_array_equal(next(source), np.split(tones, 30)[len(taken) - 1])  # what comes after it is left


def test_listen_to_a_file_gives_the_same(events: list[Event], tones: np.ndarray, tmp_path: Path) -> None:
    write_wav(tmp_path / "tones.wav", Clip(tones, 8000))
    heard = list(listen("fake.tflite", tmp_path / "tones.wav"))
    assert [(event.time_s, event.label) for event in heard] == [(event.time_s, event.label) for event in events]


def test_listen_async_gives_the_same_while_others_work(events: list[Event], tones: np.ndarray) -> None:
    async def both() -> tuple[list[Event], int]:
        turns = 0

        async def work() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(work())
        heard = [event async for event in listen_async("fake.tflite", np.array_split(tones, 7))]
        task.cancel()
        return heard, turns

    heard, turns = asyncio.run(both())
    assert heard == events
    assert turns > 1


@pytest.mark.parametrize("times", [1, 2])
def test_listen_async_cancelled_waits_until_its_source_is_closed(events: list[Event], times: int) -> None:
    reading, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def slow():
        try:
            while True:
                reading.set()
                go_on.wait(20)
                yield np.zeros(80, np.float32)
        finally:
            closed.set()

    async def cancel() -> None:
        async def work() -> None:
            async for _ in listen_async("fake.tflite", slow()):
                pass

        task = asyncio.create_task(work())
        await asyncio.to_thread(reading.wait)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert closed.is_set()


def test_microphone_is_closed_at_once_when_the_listening_fails(events: list[Event], monkeypatch) -> None:
    closed = threading.Event()

    def microphone(*_: object):
        try:
            yield np.full(10, np.nan, np.float32)
        finally:
            closed.set()

    monkeypatch.setattr(listening, "microphone_blocks", microphone)
    with pytest.raises(AudioError, match="finite samples") as kept:
        next(listen("fake.tflite"))
    assert closed.is_set()
    assert kept.value.__traceback__  # which holds everything that nobody has closed


def test_callback_gets_the_same_until_it_is_stopped(events: list[Event], tones: np.ndarray) -> None:
    heard, third = list[Event](), threading.Event()

    def callback(event: Event) -> None:
        heard.append(event)
        if len(heard) == 3:
            third.set()

    def endless():
        yield from np.array_split(tones, 7)
        while True:
            yield np.zeros(80, np.float32)

    stop = start_listening("fake.tflite", callback, endless())
    assert third.wait(20)
    stop()
    assert heard == events


def test_stop_raises_what_ended_the_listening(events: list[Event], tones: np.ndarray) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("the lamp is not there")

    with pytest.raises(RuntimeError, match="the lamp is not there"):
        start_listening("fake.tflite", fail, [tones])()
    with pytest.raises(AudioError, match="finite samples"):
        start_listening("fake.tflite", print, [np.full(10, np.nan, np.float32)])()


def test_listen_with_what_is_no_model_or_no_file_is_one_line(events: list[Event], tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="expected an audio file"):
        next(listen("fake.tflite", tmp_path / "absent.wav"))


def test_listen_with_no_model_is_one_line() -> None:
    with pytest.raises(ArtefactError, match="no such file"):
        next(listen("absent.tflite", []))


def test_four_lines_of_the_document_find_the_word(
    exported: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "digits").symlink_to(exported.path)
    write_wav(tmp_path / "seven.wav", say("seven"))
    monkeypatch.chdir(tmp_path)
    block = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[0]
    lines = [line for line in block.splitlines() if line]
    assert lines[0].startswith("import edgeasr")
    assert len(lines) <= 4
    exec(compile(block.replace('.tflite")', '.tflite", "seven.wav")'), "spotting.md", "exec"), {})
    assert "seven" in capsys.readouterr().out
