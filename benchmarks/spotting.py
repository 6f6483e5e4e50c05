"""Measure whether a spotter can be left running: what it costs, hour after hour. One JSON object on stdout.

    python benchmarks/spotting.py [MODEL.tflite] [--hours 24] [--only cost,start,...]

Without a model the built-in one is exported as int8. The sections: `cost` of a hop of 20 ms; `start` of
`edgeasr listen` and its memory; `day`, hours of audio as fast as they can be heard; `streams`, many in one process;
`listeners`, many processes at the pace of real time. What it hears is measured by `spotting_accuracy.py`.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.runtime import load
from edgeasr.spot import Event, Spotter, SpotterConfig
from edgeasr_bench.environment import read_environment
from spotting_accuracy import digit_stream, export_builtin

F32 = NDArray[np.float32]
Seen = tuple[int, str, float]  # sample, label and score of an event

FINE = SpotterConfig(hop_ms=20.0)  # the hop that costs are given for
STREAMS = 8
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", help="a .tflite or .onnx file; the built-in model by default")
    parser.add_argument("--data", default="fsdd", help="digits of the streams")
    parser.add_argument("--hours", type=float, default=1.0, help="of the day")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.model or export_builtin(Path(folder))
        result: dict[str, Any] = {"model": path.name, "environment": asdict(read_environment())}
        for name in arguments.only.split(","):
            print(name, file=sys.stderr, flush=True)
            result[name] = SECTIONS[name](path, arguments)
    print(json.dumps(result, indent=1))


def measure_cost(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Time every hop of a minute: the clock around each call, and the time of the processor over all."""
    model = load(path)
    spotter = Spotter(model, FINE)
    hops = noise(60.0, spotter.sample_rate_hz).reshape(-1, spotter.hop_samples)
    for hop in hops[:500]:
        spotter.feed(hop)
    times_us, before_s = [], time.process_time()
    for hop in hops:
        start = time.perf_counter_ns()
        spotter.feed(hop)
        times_us.append((time.perf_counter_ns() - start) / 1000)
    core = (time.process_time() - before_s) / (hops.size / spotter.sample_rate_hz)
    p50, p95, p99 = np.percentile(times_us, (50, 95, 99))
    return {"hop_ms": FINE.hop_ms, "hop_us": {"p50": p50, "p95": p95, "p99": p99}, "core_percent": 100 * core}


def measure_start(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Start `edgeasr listen` five times; from the start to its word that it listens, and its memory after a minute."""
    waits_s, starts_s = [], []
    for _ in range(5):
        begin = time.perf_counter()
        with _Listener(path) as listener:
            waits_s.append(time.perf_counter() - begin)
            starts_s.append(listener.cpu_s())
            listener.hear(np.tile(noise(1.0, 16000), 60))
            resident_mb = listener.memory_mb("Rss")
    return {
        "wall_s": {"median": float(np.median(waits_s)), "least": min(waits_s)},
        "cpu_s": float(np.median(starts_s)),
        "resident_mb": resident_mb,
    }


def measure_day(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Feed the same minutes again and again, in chunks of any size, and the same hours in one piece.

    The minutes are a whole number of hops, and of what is smoothed over, so from the second time on every event comes
    again after exactly as many samples: time stamps that drift would show.
    """
    model = load(path)
    config = SpotterConfig()
    spotter = Spotter(model, config)
    stream = digit_stream(model, arguments.data, "", "test")
    period = round(config.smoothing_ms * spotter.sample_rate_hz / 1000)
    samples = stream.clip.samples[: len(stream.clip.samples) // period * period]
    rounds = max(3, round(arguments.hours * 3600 * spotter.sample_rate_hz / len(samples)))
    chosen = random.Random(0)
    heard = [_round(spotter, samples, chosen, number) for number in range(2)]
    warm_bytes, begin_s, recur = _resident_bytes(), time.perf_counter(), True
    for number in range(2, rounds):
        recur = recur and _round(spotter, samples, chosen, number) == heard[1]
    took_s, grown = time.perf_counter() - begin_s, _resident_bytes() - warm_bytes
    whole = _in_one_piece(path, config, samples, rounds)
    cut = [*heard[0], *(one for number in range(1, rounds) for one in _moved(heard[1], number * len(samples)))]
    return {
        "hours": rounds * len(samples) / spotter.sample_rate_hz / 3600,
        "times_real_time": (rounds - 2) * len(samples) / spotter.sample_rate_hz / took_s,
        "grown_mb": grown / 1e6,
        "time_is_exact": spotter.time_s * spotter.sample_rate_hz == rounds * len(samples),
        "events": len(cut),
        "events_recur_exactly": recur,
        "equal_to_one_piece": recur and whole == cut,
    }


def _round(spotter: Spotter, samples: F32, chosen: random.Random, number: int) -> list[Seen]:
    """Feed the samples once more; give the events at the samples of this round, so that a day of them needs no room."""
    events = [event for chunk in _cut(samples, chosen) for event in spotter.feed(chunk)]
    return _moved(_seen(events, spotter.sample_rate_hz), -number * len(samples))


def _seen(events: list[Event], sample_rate_hz: int) -> list[Seen]:
    return [(round(event.time_s * sample_rate_hz), event.label, event.score) for event in events]


def _moved(events: list[Seen], by_samples: int) -> list[Seen]:
    return [(position + by_samples, label, score) for position, label, score in events]


def _cut(samples: F32, chosen: random.Random) -> Iterator[F32]:
    start = 0
    while start < len(samples):
        size = chosen.choice((1, 160, 320, 333, 1600, 4096, 16000))
        yield samples[start : start + size]
        start += size


def _in_one_piece(path: Path, config: SpotterConfig, samples: F32, rounds: int) -> list[Seen]:
    """Feed all of it by one call; a day takes 5.5 GB, which lie in a file."""
    with tempfile.NamedTemporaryFile() as file:
        piece = np.memmap(file, np.float32, shape=(rounds, len(samples)))
        for row in piece:
            row[:] = samples
        spotter = Spotter(load(path), config)
        return _seen(spotter.feed(piece.reshape(-1)), spotter.sample_rate_hz)


def measure_streams(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Feed a minute to each of several spotters, each in its own thread, as fast as they take it."""
    seconds = 60.0
    spotters = [Spotter(load(path), FINE) for _ in range(STREAMS)]
    hops = noise(seconds, spotters[0].sample_rate_hz).reshape(-1, spotters[0].hop_samples)

    def hear(spotter: Spotter) -> None:
        for hop in hops:
            spotter.feed(hop)

    threads = [threading.Thread(target=hear, args=(spotter,)) for spotter in spotters]
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - begin_s
    return {
        "streams": STREAMS,
        "real_time_factor": took_s / seconds,
        "core_percent_each": 100 * (time.process_time() - begin_cpu_s) / seconds / STREAMS,
    }


def measure_listeners(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run several `edgeasr listen` at the pace of real time, and see what they take of the host."""
    seconds, block_s = 20.0, 0.02
    listeners = [_Listener(path) for _ in range(STREAMS)]
    try:
        before_s = [listener.cpu_s() for listener in listeners]
        begin_s = time.perf_counter()
        for number, block in enumerate(noise(seconds, 16000).reshape(-1, round(16000 * block_s))):
            for listener in listeners:
                listener.hear(block)
            time.sleep(max(0.0, begin_s + (number + 1) * block_s - time.perf_counter()))
        took_s = time.perf_counter() - begin_s
        used_s = [listener.cpu_s() - before for listener, before in zip(listeners, before_s, strict=True)]
        shared_mb = [listener.memory_mb("Pss") for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()
    return {
        "processes": STREAMS,
        "hop_ms": FINE.hop_ms,
        "core_percent_each": 100 * float(np.mean(used_s)) / took_s,
        "memory_mb_each": float(np.mean(shared_mb)),
        "memory_mb_together": sum(shared_mb),
    }


def noise(seconds: float, sample_rate_hz: int) -> F32:
    """Make quiet white noise."""
    samples = np.random.default_rng(0).standard_normal(round(seconds * sample_rate_hz), np.float32)
    return samples * np.float32(0.05)


class _Listener:
    """`edgeasr listen` at a hop of 20 ms as a process that hears what it is sent."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "edgeasr", "listen", str(path), "-", "--hop-ms", str(FINE.hop_ms)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self._process.stderr is not None
        while b"run by" not in self._process.stderr.readline():  # what it says when it begins to listen
            if self._process.poll() is not None:
                raise SystemExit(f"edgeasr listen ended with {self._process.returncode}")

    def __enter__(self) -> "_Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hear(self, samples: F32) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write((samples * 32767).astype("<i2").tobytes())
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.communicate()

    def memory_mb(self, kind: str) -> float:
        """Read its memory: `Rss`, all of it, or `Pss`, with what it shares with others in shares."""
        lines = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{kind}:"))

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


SECTIONS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "cost": measure_cost,
    "start": measure_start,
    "day": measure_day,
    "streams": measure_streams,
    "listeners": measure_listeners,
}

if __name__ == "__main__":
    main()
