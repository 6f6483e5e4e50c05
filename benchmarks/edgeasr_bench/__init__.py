"""Benchmarks: latency, memory, load time and accuracy of artefacts, side by side with the float original."""

from edgeasr_bench.harness import bench, bench_all
from edgeasr_bench.record import Run
from edgeasr_bench.settings import Settings

__all__ = ["Run", "Settings", "bench", "bench_all"]
