"""A device on a serial line that speaks the MLPerf Tiny protocol, whoever made its firmware; its own clock counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import TargetError
from edgeasr.runtime import Runtime, load
from edgeasr.runtime.base import check_scores
from edgeasr.tflite import Tensor, read_model
from edgeasr_bench.agent.work import Timings
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.inputs import Inputs, read_inputs
from edgeasr_bench.latency import MIN_ROUNDS, WINDOW_CALLS_LEAST, WINDOWS, Throughput, Timing
from edgeasr_bench.measurement import Measured, measurement_of, read_answers
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.microcontroller import chip_environment, integer_models
from edgeasr_firmware import feature_inputs
from edgeasr_firmware.port import find_port
from edgeasr_firmware.protocol import Device, connect

__all__ = ["measure", "measure_tcp"]


_WARM_UPS = 10  # before the first inference, as the runner of MLPerf Tiny asks for
_ALIKE = 0.9  # of the answers: where fewer are those of the file, the device runs another


@dataclass
class _Session:
    """What a device has done so far."""

    scores: list[tuple[float, ...]] = field(default_factory=list)
    times_us: list[float] = field(default_factory=list)
    repeated: int = 0
    throughput: Throughput | None = None


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Measure the one int8 TFLite file among the candidates that a device runs, as `Measure` says.

    Args:
        place: `///dev/ttyACM0` or `//COM3`, and perhaps `?baud=115200`.
        candidates: the file that the firmware was made from; of several, that whose name the device gives.
        settings, note, progress: as of `Measure`.
    """
    return _measure(f"serial:{place}", candidates, settings, note, progress)


def measure_tcp(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Measure over TCP, as `measure` does: `place` is `//HOST:PORT`."""
    return _measure(f"tcp:{place}", candidates, settings, note, progress)


def _measure(
    address: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    port = find_port(address)
    if settings.duty_cycle_ms:
        note("a device on a serial line does not listen in real time here: `edgeasr listen` does that")
    progress("looking for the device", 0.0)
    with connect(port.url, port.baud) as device:
        one = _choose(integer_models(candidates, note), device, note)
        model = load(one.source, "reference")
        (inputs,) = read_inputs([one], [model], settings)
        graph = read_model(one.file).subgraphs[0]
        tensors, shape = [graph.tensors[index] for index in graph.inputs], graph.tensors[graph.outputs[0]].shape
        session, lost = _Session(), ""
        try:
            data = _as_bytes(tensors, inputs)
            _infer_all(device, session, data, math.prod(shape[1:]), progress)
            if settings.window_s:
                session.throughput = _throughput(device, data, settings.window_s, session.times_us, progress)
        except TargetError as error:
            if len(session.scores) < MIN_ROUNDS:
                raise
            lost = str(error)
            note(f"these are the results that had come until it failed: {lost}")
    if session.repeated:
        note(f"the device was reset or the line disturbed: {session.repeated} inputs were given again")
    scores, taken = _scores(session, inputs, model, shape)
    note(_beside_the_file(scores, taken, model))
    measurement = measurement_of(
        one,
        model,
        None,
        read_answers(scores, taken, model, settings.labels),
        Timings(Timing(tuple(np.array([1000 * us], np.int64) for us in session.times_us), settled=True), None, None),
        runtime=one.runtime,
        runtime_version=f"firmware {device.model}",
        throughput=session.throughput,
        notes=("not all was measured: the target failed in the middle",) if lost else (),
    )
    environment = chip_environment(device.name, "no operating system", {})
    return Measured("measured", environment, (measurement,), None, None, lost)


def _choose(candidates: Sequence[Candidate], device: Device, note: Note) -> Candidate:
    """Choose the file that the device runs: the only one, or the one of the name that it gives."""
    if len(candidates) == 1:
        return candidates[0]
    named = [one for one in candidates if one.file.stem == device.model]
    if len(named) != 1:
        names = ", ".join(one.name for one in candidates)
        raise TargetError(f"the device runs {device.model!r}: expected the one file that it was made from, got {names}")
    note(f"the device runs {named[0].name}; the other files are left out")
    return named[0]


def _as_bytes(tensors: Sequence[Tensor], inputs: Inputs) -> list[bytes]:
    """Give the input tensor of each clip as it lies in memory; the clips again and again where they are few."""
    found = [step[0].tobytes() for step in feature_inputs(tensors, inputs.features, len(inputs.features))]
    return found * -(-MIN_ROUNDS // len(found)) if len(found) < MIN_ROUNDS else found


def _infer_all(device: Device, session: _Session, data: Sequence[bytes], scores: int, progress: Progress) -> None:
    for number, one in enumerate(data):
        progress("running on the device", number / len(data))
        done = device.infer(one, warmups=0 if number else _WARM_UPS)
        if len(done.results) != scores:
            raise TargetError(f"expected {scores} scores, got {len(done.results)}: the device runs another model")
        session.repeated += done.attempts > 1
        session.scores.append(done.results)
        session.times_us.append(done.latency_us)


def _throughput(
    device: Device, data: Sequence[bytes], window_s: float, times_us: Sequence[float], progress: Progress
) -> Throughput:
    """Let the device do as many inferences as fill a window, on a clip of its own each, as MLPerf Tiny's runner."""
    count = max(WINDOW_CALLS_LEAST, math.ceil(1e6 * window_s / float(np.median(times_us))))
    per_second: list[float] = []
    for number, one in enumerate(data[:WINDOWS]):
        progress("counting inferences", number / WINDOWS)
        done = device.infer(one, count, expected_s=3 * window_s)
        per_second.append(round(1e6 / done.latency_us, 3))
    return Throughput(window_s, tuple(per_second), float(np.median(per_second)))


def _scores(
    session: _Session, inputs: Inputs, model: Runtime, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32], Inputs]:
    """Give the scores as the runtime would, float32 [clips, labels], and the inputs that they belong to."""
    count = min(len(session.scores), len(inputs.features))
    taken = Inputs(inputs.features[:count], None if inputs.targets is None else inputs.targets[:count])
    outputs = np.array(session.scores[:count], np.float32)
    return check_scores(model.scores_of(outputs.reshape(count, *shape[1:])), model.path), taken


def _beside_the_file(scores: NDArray[np.float32], inputs: Inputs, model: Runtime) -> str:
    """Say how many answers are those of the file itself."""
    own = model.run_batch(inputs.features)
    alike = int((scores.argmax(-1) == own.argmax(-1)).reshape(len(own), -1).all(1).sum())
    line = (
        f"{alike} of {len(own)} answers are those of the file in the reference runtime; scores differ by "
        f"{np.abs(scores - own).max():.2g} at most"
    )
    return line if alike >= _ALIKE * len(own) else f"{line}: does the device run another model?"
