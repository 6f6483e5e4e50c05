"""Run a firmware on its board beside the oracle, and compare every byte."""

import importlib
import importlib.util
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import FirmwareError
from edgeasr.features.config import FrontendConfig
from edgeasr.tflite.inline import inlined
from edgeasr.tflite.interpreter import Interpreter
from edgeasr_firmware.boards import Board, Sizes, build, run, sizes
from edgeasr_firmware.export import Firmware
from edgeasr_firmware.frontend_check import run_frontend
from edgeasr_firmware.inputs import Inputs
from edgeasr_firmware.plan import ALIGNMENT_BYTES

__all__ = ["Check", "check_firmware", "hop_instructions"]

_SEED = 0


@dataclass(frozen=True)
class Check:
    """What a firmware did on its board.

    Attributes:
        oracle: what its outputs were compared with.
        inputs: how many inferences there were.
        wrong: of how many of them an output byte was another.
        sizes: flash and RAM of the whole program.
        stack_bytes: depth that the stack reached; None where the board cannot tell.
        layer_instructions: of each step in one inference; None where the board cannot tell.
        instructions: of a whole inference; None where the board cannot tell.
        cycles: of a whole inference, where the emulator knows how long an instruction takes.
        outputs: of the board: uint8 [inputs, bytes of all output tensors].
    """

    oracle: str
    inputs: int
    wrong: int
    sizes: Sizes
    stack_bytes: int | None
    layer_instructions: tuple[int, ...] | None
    instructions: int | None
    cycles: int | None
    outputs: NDArray[np.uint8] = field(repr=False, compare=False)


def check_firmware(firmware: Firmware, board: Board, inputs: Inputs) -> Check:
    """Build a firmware, run it on inputs one after the other, and compare its outputs with those of the oracle.

    The oracle is TensorFlow Lite Micro where its package is installed, else the NumPy reference runtime.

    Raises:
        FirmwareError: it does not build, or does not end well.
        MissingPackageError: a tool for this board is missing.
    """
    oracle, expected = _expected(firmware, inputs)
    with tempfile.TemporaryDirectory(prefix="edgeasr-check-") as scratch:
        main = Path(scratch) / "check.c"
        main.write_text(_main(firmware))
        flags = ("-include", "board.h", "-DEA_MODEL_MARK=BOARD_MARK")
        names = [firmware.folder / name for name in firmware.sources]
        program = build(board, [main, *names], Path(scratch) / "check.elf", [names[0].parent], flags)
        data = b"".join(array.tobytes() for step in inputs for array in step)
        limit_s = 60 + len(inputs) * sum(step.macs for step in firmware.program.steps) / 1e6
        done = run(board, program, {"inputs.bin": data}, limit_s)
        got = np.frombuffer(done.files["outputs.bin"], np.uint8)
        if got.size != expected.size:
            raise FirmwareError(f"{board.name}: expected {expected.size} bytes of outputs, got {got.size}")
        got = got.reshape(expected.shape)
        wrong = int((got != expected).any(1).sum())
        steps = len(firmware.program.steps)
        layers, cycles = (counts[:steps] if counts else None for counts in (done.instructions, done.cycles))
        return Check(
            oracle=oracle,
            inputs=len(inputs),
            wrong=wrong,
            sizes=sizes(board, program),
            stack_bytes=done.stack_bytes,
            layer_instructions=layers,
            instructions=sum(layers) if layers else None,
            cycles=sum(cycles) if cycles else None,
            outputs=got,
        )


def hop_instructions(board: Board, config: FrontendConfig) -> int | None:
    """Count the instructions of one hop of the front end, on a second of noise; None where the board cannot tell.

    Raises:
        FirmwareError: it does not build or run.
        MissingPackageError: a tool for this board is missing.
    """
    if not board.machine:
        return None
    noise = np.random.default_rng(_SEED).integers(-9000, 9000, config.sample_rate_hz, np.int16)
    return run_frontend(board, config, noise).hop_instructions


def _expected(firmware: Firmware, inputs: Inputs) -> tuple[str, NDArray[np.uint8]]:
    """Run the oracle: its name, and the bytes of the outputs of each inference."""
    if importlib.util.find_spec("tflite_micro"):
        runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")
        name, micro = "tflite-micro", runtime.Interpreter.from_bytes(inlined(firmware.path.read_bytes()))
        rows = []
        for step in inputs:
            for index, array in enumerate(step):
                micro.set_input(array, index)
            micro.invoke()
            rows.append(b"".join(micro.get_output(index).tobytes() for index in range(len(firmware.program.outputs))))
    else:
        name, reference = "the reference runtime", Interpreter(firmware.model)
        rows = [b"".join(array.tobytes() for array in reference.run(*step)) for step in inputs]
    return name, np.frombuffer(b"".join(rows), np.uint8).reshape(len(inputs), -1)


def _main(firmware: Firmware) -> str:
    """Write the program that reads inputs from a file and writes outputs to another."""
    inputs, outputs = range(len(firmware.program.inputs)), range(len(firmware.program.outputs))
    reads = [f"board_read(in, ea_model_input_{n}(arena), EA_MODEL_INPUT_{n}_BYTES)" for n in inputs]
    writes = [f"board_write(out, ea_model_output_{n}(arena), EA_MODEL_OUTPUT_{n}_BYTES)" for n in outputs]
    total = " + ".join(f"EA_MODEL_INPUT_{n}_BYTES" for n in inputs)
    return f"""
#include "board.h"
#include "model.h"

static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned({ALIGNMENT_BYTES})));

int main(void)
{{
    int32_t in = board_open("inputs.bin", BOARD_READ), out = board_open("outputs.bin", BOARD_WRITE);
    if (ea_model_start(arena, sizeof arena) != EA_MODEL_OK)
        return 1;
    while ({" + ".join(reads)} == {total}) {{
        BOARD_MARK();
        ea_model_run(arena);
        {"; ".join(writes)};
    }}
    return 0;
}}
"""
