"""Measure what `Runtime.run` adds to a bare interpreter call, on an int8 TFLite model.

Both take turns in the same rounds. The bare call gets its input quantised already and leaves the output as
it is; the difference is the work of the runtime layer: check, quantise, dequantise. One JSON object on
stdout.

    python benchmarks/runtime_overhead.py [MODEL.tflite]
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.runtime import load
from edgeasr.runtime.tflite import interpreter_package
from edgeasr_bench.latency import Workload, time_in_turns
from edgeasr_bench.stats import bootstrap_median, latency_us

SECONDS = 3.0  # for each
CLIPS = 16


def main(path: Path) -> None:
    """Time both ways into the same model and print the difference."""
    model = load(path)
    _, module = interpreter_package()
    interpreter = module.Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (taken,) = interpreter.get_input_details(), interpreter.get_output_details()
    limits = np.iinfo(given["dtype"])
    scale, zero_point = given["quantization"]
    shape = (CLIPS, *given["shape"])
    quantised = np.random.default_rng(0).integers(limits.min, limits.max, shape, given["dtype"], endpoint=True)
    features = (quantised.astype(np.float32) - zero_point) * np.float32(scale)

    def bare(values: Any) -> Any:
        interpreter.set_tensor(given["index"], values)
        interpreter.invoke()
        return interpreter.get_tensor(taken["index"])

    layered, alone = time_in_turns(
        [
            Workload(model.run, list(features.reshape(CLIPS, *model.input_shape))),
            Workload(bare, list(quantised)),
        ],
        SECONDS,
    )
    difference_us = np.subtract(layered.medians_ns, alone.medians_ns) / 1000
    median, low, high = bootstrap_median(difference_us)
    result = {
        "model": path.name,
        "runtime_version": model.version,
        "bare_us": latency_us(alone.samples_ns).p50,
        "run_us": latency_us(layered.samples_ns).p50,
        "overhead_us": {"median": round(median, 2), "low": round(low, 2), "high": round(high, 2)},
        "rounds": len(difference_us),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    data = Path(os.environ.get("EDGEASR_DATA", Path(__file__).parents[2] / "shared" / "data"))
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data / "models" / "mlperf_kws_int8.tflite")
