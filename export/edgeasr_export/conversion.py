"""Conversion in a child process, which may crash or hang without harm."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeasr.errors import ExportError
from edgeasr_export.worker import MARK, ORIGINAL

__all__ = ["Conversion", "convert"]


@dataclass(frozen=True)
class Conversion:
    """What became of one step: its quantisation, or why it failed."""

    step: str
    quantisation: dict[str, Any] | None = None
    failure: str = ""


def convert(work: Path, steps: Sequence[str], time_limit_s: float, progress: Callable[[str], None]) -> list[Conversion]:
    """Convert what stands in `work` (see `worker`); a step that kills the worker costs only itself.

    Args:
        work: folder with the model and the features; the results come there too, and `worker.log`.
        steps: `FORMAT:SCHEME`, in order.
        time_limit_s: for one step.
        progress: called with each step as it starts.

    Raises:
        ExportError: the Keras original itself cannot be loaded or run.
    """
    results: list[Conversion] = []
    waiting = [ORIGINAL, *steps]
    while waiting:
        done = _run_worker(work, waiting, time_limit_s, progress)
        if done and done[0].step == ORIGINAL and done[0].failure:
            raise ExportError(f"the Keras model cannot be loaded and run: {done[0].failure}")
        results += done
        waiting = waiting[len(done) :]
    return [result for result in results if result.step != ORIGINAL]


def _run_worker(
    work: Path, steps: Sequence[str], time_limit_s: float, progress: Callable[[str], None]
) -> list[Conversion]:
    """Run a worker until it ends; give what became of the steps that it began (at least one)."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    log_path = work / "worker.log"
    done: list[Conversion] = []
    began = ""
    command = [sys.executable, "-m", "edgeasr_export.worker", str(work), *steps]
    with (
        log_path.open("ab") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True) as worker,
    ):
        timer = threading.Timer(time_limit_s, worker.kill)
        try:
            assert worker.stdout is not None
            for line in worker.stdout:
                if not line.startswith(MARK):
                    continue
                report = json.loads(line.removeprefix(MARK))
                timer.cancel()
                if "start" in report:
                    began = report["start"]
                    progress(began)
                    timer = threading.Timer(time_limit_s, worker.kill)
                    timer.start()
                else:
                    done.append(Conversion(report["done"], report.get("quantisation", {})))
                    began = ""
            worker.wait()
            timed_out = timer.finished.is_set() and worker.returncode == -signal.SIGKILL
        finally:
            timer.cancel()
            worker.kill()
    if began or not done:
        done.append(
            Conversion(began or steps[0], failure=_explain(worker.returncode, timed_out, time_limit_s, log_path))
        )
    return done


def _explain(code: int, timed_out: bool, time_limit_s: float, log_path: Path) -> str:
    if timed_out:
        return f"the converter was stopped after {time_limit_s:.0f} s"
    if code < 0:
        return f"the converter crashed ({signal.Signals(-code).name})"
    lines = [line for line in log_path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"the converter ended with code {code}"
