"""Listening from Python: a model and a source in, events out, as an iterator, asynchronously or by callback."""

import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from logging import getLogger
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.microphone import microphone_blocks
from edgeasr.audio.source import Blocks, file_blocks
from edgeasr.runtime import load
from edgeasr.spot.settings import SpotterConfig, kept_settings
from edgeasr.spot.spotter import Event, Spotter

__all__ = ["Ear", "Heard", "Source", "hear", "listen", "listen_async", "start_listening"]

F32 = NDArray[np.float32]
Heard = Generator[tuple[F32, list[Event]], None, None]
Source = str | Path | Iterable[F32] | None


class Ear(Protocol):
    """What spots words in a stream: a `Spotter`, or a device that does it by itself."""

    def feed(self, samples: F32) -> list[Event]:
        """Take the next samples: float32 [n]."""
        ...

    def finish(self) -> list[Event]:
        """End the stream."""
        ...


def hear(spotter: Ear, blocks: Iterable[F32]) -> Heard:
    """Give every block of a stream with the events that it brings about, and at its end an empty one with the last."""
    for block in blocks:
        yield block, spotter.feed(block)
    yield np.zeros(0, np.float32), spotter.finish()


def listen(
    model: str | Path, source: Source = None, config: SpotterConfig | None = None, device: str | int | None = None
) -> Iterator[Event]:
    """Give the keywords that are heard, each as soon as it is.

    Args:
        model: a bundle or an artefact.
        source: an audio file, or blocks of any length, float32 [n], at the model's rate; None for the microphone,
            which never ends.
        config: how to listen; by default as the model's bundle says, or `SpotterConfig()`.
        device: name, part of a name, or number of the microphone; None for the system's default.

    Raises:
        EdgeASRError: the model cannot spot words, or there is no audio.

    Example:
        >>> for event in listen("digits/ds-cnn.int8.tflite"):  # doctest: +SKIP
        ...     print(event.time_s, event.label, event.score)
    """
    with closing(_open(model, source, config, device)) as heard:
        for _, events in heard:
            yield from events


async def listen_async(
    model: str | Path, source: Source = None, config: SpotterConfig | None = None, device: str | int | None = None
) -> AsyncIterator[Event]:
    """Do what `listen` does beside other work of an event loop, in a thread; a break or a cancellation ends it.

    Example:
        >>> async for event in listen_async("digits/ds-cnn.int8.tflite"):  # doctest: +SKIP
        ...     print(event.time_s, event.label, event.score)
    """
    import asyncio  # a tenth of the start of `edgeasr listen`, which has no use for it

    with closing(await asyncio.to_thread(_open, model, source, config, device)) as heard:
        while True:
            following = asyncio.ensure_future(asyncio.to_thread(next, heard, None))
            try:
                found = await asyncio.shield(following)
            finally:
                while not following.done():  # cancelled, and perhaps again: a generator that runs cannot be closed
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([following])
            if found is None:
                return
            for event in found[1]:
                yield event


def start_listening(
    model: str | Path,
    callback: Callable[[Event], object],
    source: Source = None,
    config: SpotterConfig | None = None,
    device: str | int | None = None,
) -> Callable[[], None]:
    """Call a function for every keyword, from a thread of its own.

    Args:
        model, source, config, device: as `listen` takes them.
        callback: takes an event; audio waits for it meanwhile.

    Returns:
        A function that ends the listening, not to be called from the callback. It waits for the thread, and raises what
        ended it before.

    Example:
        >>> stop = start_listening("digits/ds-cnn.int8.tflite", print)  # doctest: +SKIP
        >>> stop()  # doctest: +SKIP
    """
    heard, ending, failures = _open(model, source, config, device), threading.Event(), list[Exception]()

    def work() -> None:
        try:
            with closing(heard):
                for _, events in heard:
                    for event in events:
                        callback(event)
                    if ending.is_set():
                        return
        except Exception as error:  # whatever it is, it belongs to the one who stops
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def stop() -> None:
        ending.set()
        thread.join()
        if failures:
            raise failures[0]

    return stop


def _open(model: str | Path, source: Source, config: SpotterConfig | None, device: str | int | None) -> Heard:
    spotter = Spotter(load(model), config or kept_settings(Path(model)))
    rate_hz, block_samples = spotter.sample_rate_hz, spotter.hop_samples
    if source is None:
        return _hear_ours(spotter, microphone_blocks(device, rate_hz, block_samples, getLogger(__name__).warning))
    if isinstance(source, str | Path):
        return _hear_ours(spotter, file_blocks(Path(source), rate_hz, block_samples))
    return hear(spotter, source)  # what is left of it is the caller's


def _hear_ours(spotter: Spotter, blocks: Blocks) -> Heard:
    """Hear a source that was opened here, and close it at once, whatever ends the hearing."""
    with closing(blocks):
        yield from hear(spotter, blocks)
