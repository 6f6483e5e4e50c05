"""What a folder of firmware is written from, whatever its layout, and its README."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeasr_firmware.boards import Board
from edgeasr_firmware.codegen.program import Program
from edgeasr_firmware.plan import ALIGNMENT_BYTES, Plan

__all__ = ["Project", "identifier", "readme"]

_LISTENING = {
    "ea_frontend.h": "the front end, from int16 samples to features, quantised for the model",
    "ea_spot.h": "the spotter, from outputs of the model to keywords",
    "ea_listen.h": "all three together, from samples to keywords",
}
_MOST_LETTERS = 60  # Arduino takes 63


@dataclass(frozen=True)
class Project:
    """What every layout has in common.

    Attributes:
        name: of the library, a C identifier.
        origin: what made it of what, for the comment at the top of each file.
        board: compiled for.
        program: of the model.
        plan: its arena.
        files: the C files, name to text: the model, its kernels, the self-test, and what listens.
    """

    name: str
    origin: str
    board: Board
    program: Program
    plan: Plan
    files: Mapping[str, str]

    @property
    def sources(self) -> list[str]:
        """Names of the C files, in order."""
        return sorted(name for name in self.files if name.endswith(".c"))


def identifier(stem: str) -> str:
    """Make a name that C, CMake, Kconfig and all the manifests take from the name of a file."""
    return ("ea_" + re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_"))[:_MOST_LETTERS]


def readme(project: Project, use: Sequence[str], include: str = "") -> str:
    """Write README.md: how to build and call the model, and what it costs.

    Args:
        project: of the folder.
        use: how to build with this layout, line by line.
        include: folder of the headers in this layout, with a slash at its end.
    """
    program, plan, board = project.program, project.plan, project.board
    rows = [
        f"| {step.operator} | `{step.code.partition('(')[0]}` | {step.macs or ''} | "
        f"{plan.offsets[step.output]} | {program.buffers[step.output].bytes} |"
        for step in program.steps
    ]
    lines = [
        "# Model in C99",
        "",
        f"{project.origin}",
        "",
        "No library, no allocation, no global variable: one memory that you give, and constants.",
        "",
        "```c",
        '#include "model.h"',
        "",
        f"static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned({ALIGNMENT_BYTES})));",
        "",
        "ea_model_start(arena, sizeof arena);              /* once */",
        "ea_model_input_0(arena)[0] = 1;                   /* .. and the others, EA_MODEL_INPUT_0_COUNT in all */",
        "ea_model_run(arena);",
        "first = ea_model_output_0(arena)[0];",
        "```",
        "",
        "A real number is `(q - EA_MODEL_INPUT_0_ZERO_POINT) * EA_MODEL_INPUT_0_SCALE`, and so for the output.",
        "",
        *use,
        "",
        f"- arena: {plan.arena_bytes} bytes; no packing of these tensors needs less than {plan.bound_bytes}",
        f"- constants: {program.constant_bytes} bytes",
        f"- meant for {board.name}: `{' '.join((board.compiler, *board.flags))}`; kernels choose the DSP or Helium",
        "  instructions by what the compiler says of the core, and give the same bits on all",
        *(f"- `{include}{name}`: {text}" for name, text in _LISTENING.items() if name in project.files),
        "",
        "| step | kernel | products | output at | bytes |",
        "| --- | --- | ---: | ---: | ---: |",
        *rows,
    ]
    return "\n".join(lines) + "\n"
