"""Where the time of an inference goes, operator by operator, in the one runtime that tells it: ONNX Runtime.

The Python package of TFLite has no profiler.
"""

import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from edgeasr.packages import require

__all__ = ["Operator", "profile_onnx"]

_INFERENCES, _SECONDS = 200, 1.0  # whichever is over first; the first half warms up
_DTYPES = {"tensor(float)": np.float32, "tensor(int8)": np.int8, "tensor(uint8)": np.uint8, "tensor(int64)": np.int64}


@dataclass(frozen=True)
class Operator:
    """One kind of operator in the profile of a model.

    Attributes:
        name: such as `QLinearConv`.
        calls: in one inference.
        us: of all these calls together, the median over inferences that were profiled.
    """

    name: str
    calls: int
    us: float


def profile_onnx(path: Path, threads: int) -> tuple[Operator, ...]:
    """Profile an ONNX model on zeros, in a session of its own.

    Taking the times takes time itself, so together they are more than an inference takes without it.

    Args:
        path: of the model, one that `edgeasr.runtime.load` can load.
        threads: for the inference.

    Returns:
        The kinds of operators, the one that takes most time first.
    """
    onnxruntime = require("onnxruntime", "onnx", "profiling an ONNX file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory(prefix="edgeasr-profile.") as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inputs = {
            one.name: np.zeros([size if isinstance(size, int) else 1 for size in one.shape], _DTYPES[one.type])
            for one in session.get_inputs()
        }
        start, done = time.perf_counter(), 0
        while done < 2 or (done < _INFERENCES and time.perf_counter() - start < _SECONDS):
            session.run(None, inputs)
            done += 1
        events: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_text())
    return _sum_up(events)


def _sum_up(events: list[dict[str, Any]]) -> tuple[Operator, ...]:
    """Sum up the events of a profile by inference and kind of operator."""
    runs: list[dict[str, list[float]]] = [defaultdict(list)]
    for event in events:
        if event["name"] == "model_run":  # comes after the nodes of its run
            runs.append(defaultdict(list))
        elif event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            runs[-1][event["args"]["op_name"]].append(event["dur"])
    done = runs[(len(runs) - 1) // 2 : -1]
    operators = [
        Operator(name, len(times), round(median(sum(run[name]) for run in done), 3)) for name, times in done[-1].items()
    ]
    return tuple(sorted(operators, key=lambda operator: -operator.us))
