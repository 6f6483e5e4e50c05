"""Measure how well bench repeats itself, and how near its figures are to those of plain loops.

Runs `edgeasr bench` five times with its default method, each in its own process, on float32 and int8 of the built-in
`ds-cnn` (or of a bundle that has both). Then every artefact is timed as often by plain loops, nothing interleaved, one
input only: one around `Runtime.run`, from features to scores, and one around the runtime's own call, in which nothing
is edgeasr's: its input set, the call, its output taken. One JSON object on stdout.

    python benchmarks/repeatability.py [BUNDLE]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.builtin import copy_builtin
from edgeasr.bundle import Bundle
from edgeasr.runtime import load
from edgeasr.runtime.tflite import interpreter_package
from edgeasr_bench.environment import read_environment

RUNS = 5
LOOP_SECONDS = 2.0  # for each


def main(bundle: Bundle) -> None:
    """Run bench, then the loops, and print what came of them."""
    files = [bundle.path / artefact.name for artefact in bundle.manifest.artefacts]
    environment = read_environment()
    runs = []
    for number in range(RUNS):
        print(f"run {number + 1} of {RUNS}", file=sys.stderr)
        command = [sys.executable, "-m", "edgeasr", "bench", *map(str, files), "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results = json.loads(done.stdout)["results"]
        runs.append({result["artefact"]: result for result in results})
    print(
        json.dumps({"environment": vars(environment), "artefacts": [summarise(path, runs) for path in files]}, indent=1)
    )


def summarise(path: Path, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the runs of an artefact side by side: its ratios to float32, its medians, and those of the plain loops."""
    model = load(path)
    features = np.zeros(model.input_shape, np.float32)
    bare = bare_tflite(path) if path.suffix == ".tflite" else bare_onnx(path)
    loops = [(median_us(lambda: model.run(features)), median_us(bare)) for _ in range(RUNS)]
    results = [run[path.name] for run in runs]
    ratios = [result["ratio_to_float"]["median"] for result in results]
    return {
        "artefact": path.name,
        "ratio_to_float": ratios,
        "largest_over_smallest": round(max(ratios) / min(ratios), 4),
        "bench_p50_us": [result["latency_us"]["p50"] for result in results],
        "loop_of_run_p50_us": [run_us for run_us, _ in loops],
        "bench_own_call_p50_us": [result["own_call_us"]["p50"] for result in results],
        "loop_of_bare_call_p50_us": [bare_us for _, bare_us in loops],
    }


def median_us(call: Callable[[], Any]) -> float:
    """Give the median time of calls one after the other, in microseconds."""
    times: list[int] = []
    end = time.perf_counter() + LOOP_SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return round(float(np.median(times)) / 1000, 2)


def bare_tflite(path: Path) -> Callable[[], Any]:
    """Give the call of a TFLite model."""
    _, module = interpreter_package()
    interpreter = module.Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (taken,) = interpreter.get_input_details(), interpreter.get_output_details()
    value = np.zeros(given["shape"], given["dtype"])

    def call() -> Any:
        interpreter.set_tensor(given["index"], value)
        interpreter.invoke()
        return interpreter.get_tensor(taken["index"])

    return call


def bare_onnx(path: Path) -> Callable[[], Any]:
    """Give the call of an ONNX model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    inputs = {given.name: np.zeros(given.shape, np.float32)}
    return lambda: session.run(None, inputs)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) > 1:
            main(Bundle.open(sys.argv[1]))
        else:
            from edgeasr_export import export_bundle

            main(export_bundle(copy_builtin(Path(scratch) / "digits"), ("float32", "int8")))
