"""Many small models in one program: what its C gives for them, beside `tflite-micro`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgeasr.errors import FirmwareError
from edgeasr.tflite import read_model
from edgeasr.tflite.interpreter import Interpreter
from edgeasr_firmware.boards import Board, build, run
from edgeasr_firmware.codegen.lower import lower
from edgeasr_firmware.codegen.program import Program
from edgeasr_firmware.codegen.write import header, source
from edgeasr_firmware.export import KERNELS, _kernel_files
from edgeasr_firmware.plan import Plan, plan_memory
from tests.tflite.builder import draw, micro, micro_run

SANITISERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover")


@dataclass
class Batch:
    """Takes the place of `compare` in the tests of the NumPy kernels, and keeps the models that they make.

    Attributes:
        most: models of each operator to keep of each test; what follows is left out.
        models: with their inputs and the expected bytes of each run.
        refused: what the generator said of the others.
        operators: names of those that were met.
    """

    most: int = 1000
    models: list[tuple[Program, Plan, bytes, bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)
    _kept: Counter[str] = field(default_factory=Counter)

    def compare(self, model: bytes, seed: int, runs: int = 2, **tolerance: float) -> None:
        """Keep a model with random inputs, unless it computes in floating point."""
        parsed = read_model(model)
        name = parsed.subgraphs[0].operators[0].name
        if tolerance or self._kept[name] >= self.most:
            return
        self.operators.add(name)
        try:
            program = lower(parsed)
        except FirmwareError as error:
            self.refused.append(str(error))
            return
        tensors, micro_model, rng = Interpreter(parsed).inputs, micro(model), np.random.default_rng(seed)
        inputs, outputs = b"", b""
        for _ in range(runs):
            values = [draw(rng, tensor.shape, tensor.dtype) for tensor in tensors]
            expected = micro_run(micro_model, *values, outputs=len(program.outputs))
            inputs += b"".join(value.tobytes() for value in values)
            outputs += b"".join(np.asarray(value).tobytes() for value in expected)
        self.models.append((program, plan_memory(program), inputs, outputs))
        self._kept[name] += 1

    def collect(self, module: ModuleType, test: str, **arguments: Any) -> None:
        """Run a test of the NumPy kernels with this in the place of its `compare`."""
        self._kept.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "compare", self.compare)
            getattr(module, test)(**arguments)

    def check(self, board: Board, folder: Path, flags: Sequence[str] = ()) -> None:
        """Compile all models into one program, run it, and compare every byte."""
        folder.mkdir(exist_ok=True)
        parts = [_renamed(number, program, plan) for number, (program, plan, _, _) in enumerate(self.models)]
        cases = [_case(number, *model[:3]) for number, model in enumerate(self.models)]
        arena = max(plan.arena_bytes for _, plan, _, _ in self.models) + 16
        (folder / "main.c").write_text(_MAIN.format(models="\n".join(parts), cases="\n    ".join(cases), arena=arena))
        used = {name for program, *_ in self.models for name in _kernel_files(program) if name.endswith(".c")}
        sources = [folder / "main.c", *(KERNELS / name for name in sorted(used))]
        elf = build(board, sources, folder / "batch.elf", [KERNELS], flags)
        done = run(board, elf, {"in": b"".join(model[2] for model in self.models)}, 120)
        got, at = done.files["out"], 0
        for number, (program, _, _, expected) in enumerate(self.models):
            part = got[at : at + len(expected)]
            assert part == expected, f"model {number} of {len(self.models)}: {[s.code for s in program.steps]}"
            at += len(expected)
        assert at == len(got)


def _renamed(number: int, program: Program, plan: Plan) -> str:
    """Write the C of a model with names that no other has."""
    text = header(program, plan, "test") + source(program, plan, "test").replace('#include "model.h"', "")
    text = text.replace("EA_MODEL_", f"M{number}_").replace("ea_model_", f"m{number}_")
    return re.sub(r"\b([a-z]+_\d+)\b(?!\()", rf"m{number}_\1", text)


def _case(number: int, program: Program, plan: Plan, inputs: bytes) -> str:
    """Write the calls of a model for all its inputs."""
    sides = [
        (f"board_{verb}({file}, m{number}_{side}_{n}(arena), M{number}_{side.upper()}_{n}_BYTES);")
        for verb, file, side, tensors in (
            ("read", "in", "input", program.inputs), ("write", "out", "output", program.outputs),
        )
        for n in range(len(tensors))
    ]  # fmt: skip
    sides.insert(len(program.inputs), f"m{number}_run(arena);")
    runs = len(inputs) // sum(int(np.prod(t.shape)) * t.dtype.itemsize for t, _ in program.inputs)
    start = f"if (m{number}_start(arena, sizeof arena)) {{ return 1; }}"
    return f"{start} for (i = 0; i < {runs}; i++) {{ {' '.join(sides)} }}"


_MAIN = """#include "board.h"
{models}
static uint8_t arena[{arena}] __attribute__((aligned(16)));
int main(void)
{{
    int32_t in = board_open("in", BOARD_READ), out = board_open("out", BOARD_WRITE);
    int i;
    {cases}
    return 0;
}}
"""
