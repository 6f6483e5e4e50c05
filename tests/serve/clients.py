"""A running service, and how to talk to it with the client of the package wyoming."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest

from edgeasr.serve.server import Limits, serve
from edgeasr.serve.services import Services

pytest.importorskip("wyoming")

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of audioop, in Python 3.11 and 3.12
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.event import Event


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
async def serving(
    services: Services, limits: Limits | None = None, report: Callable[[dict[str, Any]], None] | None = None
) -> AsyncIterator[Served]:
    served, started = Served(), asyncio.Event()

    def start(port: int) -> None:
        served.port = port
        started.set()

    report = report or served.heard.append
    task = asyncio.create_task(serve(services, "127.0.0.1", 0, start, served.log.append, report, limits))
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
        samples = np.rint(mono * (2 ** (8 * width - 1) - 1)).astype("<i4")
    return np.repeat(samples, channels).astype("<i4").view("u1").reshape(-1, 4)[:, :width].tobytes()


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
