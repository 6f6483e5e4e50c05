"""A board without an operating system: models as C99, built for it and run on it, most boards emulated."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr import __version__
from edgeasr.errors import ConfigError, FirmwareError, TargetError
from edgeasr.runtime import Runtime, load
from edgeasr.runtime.base import check_scores
from edgeasr.runtime.reference import affine_of
from edgeasr.tflite import Tensor
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.environment import read_environment
from edgeasr_bench.inputs import Inputs, read_inputs
from edgeasr_bench.measurement import Measured, Measurement, measurement_of, read_answers
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.record import Image
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.microcontroller import chip_environment, integer_models
from edgeasr_firmware import BOARDS, Board, check_firmware, feature_inputs, write_firmware

__all__ = ["measure"]


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Build the int8 TFLite files among the candidates for a board and run them there, as `Measure` says.

    No time is taken: of an emulated core it would say nothing. Instructions are counted where the board can tell.

    Args:
        place: key of `edgeasr_firmware.BOARDS`.
        candidates, settings, note, progress: as of `Measure`.
    """
    if place not in BOARDS:
        raise ConfigError(f"unknown board {place!r}: expected one of {', '.join(f'board:{name}' for name in BOARDS)}")
    if settings.duty_cycle_ms or settings.window_s:
        note("a board has no times here, and so no --duty-cycle and --mlperf: count on its instructions")
    board = BOARDS[place]
    chosen = integer_models(candidates, note)
    models = [load(one.source, "reference") for one in chosen]
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="edgeasr-firmware.") as scratch:
        every = zip(chosen, models, read_inputs(chosen, models, settings), strict=True)
        for number, (one, model, inputs) in enumerate(every):
            progress(f"building and running {one.name}", number / len(chosen))
            try:
                measurements.append(_measure(one, model, inputs, board, settings, Path(scratch) / str(number)))
            except FirmwareError as error:
                if len(chosen) == 1:
                    raise
                note(f"{one.name} is left out: {error}")
    if not measurements:
        raise TargetError("none of these models runs there")
    if not board.machine:
        return Measured("measured", read_environment(), tuple(measurements), before=None, after=None)
    packages = {board.compiler: _version(board.compiler)}
    environment = chip_environment(place, f"no system, emulated by {board.emulator}", packages)
    return Measured("emulated", environment, tuple(measurements), before=None, after=None)


def _measure(
    one: Candidate, model: Runtime, inputs: Inputs, board: Board, settings: Settings, folder: Path
) -> Measurement:
    if model.stepping:
        raise FirmwareError(f"{one.name}: expected a model of whole clips, got one that takes the frames of a stream")
    firmware = write_firmware(one.file, board, folder)
    tensors = [tensor for tensor, _ in firmware.program.inputs]
    done = check_firmware(firmware, board, feature_inputs(tensors, inputs.features, len(inputs.features)))
    notes = [f"{done.inputs - done.wrong} of {done.inputs} outputs equal {done.oracle} in every byte"]
    notes += [f"{done.cycles:,} cycles of the core an inference"] if done.cycles else []
    scores = model.scores_of(_dequantised(done.outputs, firmware.program.outputs[0][0]))
    return measurement_of(
        one,
        model,
        None,
        read_answers(check_scores(scores, model.path), inputs, model, settings.labels),
        None,
        runtime=one.runtime,
        runtime_version=f"edgeasr {__version__} C99",
        instructions=done.instructions,
        image=Image(done.sizes.flash_bytes, done.sizes.ram_bytes, firmware.plan.arena_bytes, done.stack_bytes),
        notes=tuple(notes),
    )


def _dequantised(outputs: NDArray[np.uint8], tensor: Tensor) -> NDArray[np.float32]:
    """Read the output tensors of all clips, uint8 [clips, bytes]: float32 [clips, ...]."""
    return affine_of(tensor).to_float(outputs.view(tensor.dtype).reshape(len(outputs), *tensor.shape[1:]))


def _version(compiler: str) -> str:
    printed = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", printed)
    return found[0] if found else "not known"
