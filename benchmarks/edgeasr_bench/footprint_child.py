"""Load one model in a process of its own, with no other runtime in it, and report what that took.

`python -m edgeasr_bench.footprint_child PATH RUNTIME THREADS` reports what a `Footprint` holds, or an error.
"""

import sys
import time
from pathlib import Path

import numpy as np

from edgeasr.child import report
from edgeasr.errors import EdgeASRError
from edgeasr.runtime import load

__all__ = ["main", "peak_rss_bytes"]


def main(path: str, runtime: str, threads: str) -> None:
    """Load a model, run it once, report the measures."""
    start = time.perf_counter_ns()
    model = load(path, runtime, int(threads))
    loaded = time.perf_counter_ns()
    features = np.zeros(model.input_shape, np.float32)
    before = time.perf_counter_ns()
    model.run(features)
    after = time.perf_counter_ns()
    report(
        load_ms=round((loaded - start) / 1e6, 3),
        first_inference_ms=round((after - before) / 1e6, 3),
        peak_rss_bytes=peak_rss_bytes(),
    )


def peak_rss_bytes(status: Path = Path("/proc/self/status")) -> int:
    """Give the largest resident memory that this process had.

    From VmHWM where there is one: ru_maxrss would take over the peak of the parent across fork and exec.
    """
    try:
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EdgeASRError as error:
        report(error=str(error))
