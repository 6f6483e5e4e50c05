"""Benchmarks: latency, memory, load time and accuracy of artefacts, side by side with the float original."""

from edgeasr_bench.harness import Settings, bench
from edgeasr_bench.record import Run

__all__ = ["Run", "Settings", "bench"]
