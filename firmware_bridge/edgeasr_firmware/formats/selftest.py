"""The self-test of a firmware: test vectors, a function that compares, a main that calls it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_firmware.codegen.program import Program
from edgeasr_firmware.codegen.write import array
from edgeasr_firmware.headers import C_BEGIN, C_END
from edgeasr_firmware.plan import ALIGNMENT_BYTES

__all__ = ["Vector", "arena_c", "main_c", "selftest_files"]

Vector = tuple[Sequence[NDArray[Any]], Sequence[NDArray[Any]]]  # inputs and outputs of one inference


def selftest_files(program: Program, vectors: Sequence[Vector], origin: str) -> dict[str, str]:
    """Write ea_selftest.h and ea_selftest.c.

    Args:
        program: of the model.
        vectors: inputs in the order of a stream, and what the model makes of them.
        origin: what made it of what, for the comment at the top.
    """
    return {"ea_selftest.h": _header(origin), "ea_selftest.c": _source(program, vectors, origin)}


def main_c(origin: str) -> str:
    """Write main.c, which ends with the number of vectors that went wrong."""
    lines = [f"/* {origin} */", '#include "ea_selftest.h"', "", *arena_c(), "", "int main(void)", "{"]
    return "\n".join([*lines, "    return ea_selftest(arena);", "}"]) + "\n"


def arena_c() -> list[str]:
    """Write the definition of an arena."""
    return [f"static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned({ALIGNMENT_BYTES})));"]


def _header(origin: str) -> str:
    lines = [
        f"/* {origin} */",
        "#ifndef EA_SELFTEST_H",
        "#define EA_SELFTEST_H",
        "",
        '#include "model.h"',
        "",
        *C_BEGIN,
        "/* Run the test vectors. Returns how many of them gave another result here than on the host.",
        f" * The arena has EA_MODEL_ARENA_BYTES, and its address is a multiple of {ALIGNMENT_BYTES}. */",
        "int ea_selftest(void *arena);",
        "",
        *C_END,
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _source(program: Program, vectors: Sequence[Vector], origin: str) -> str:
    lines = [f"/* {origin} */", '#include "ea_selftest.h"', "", f"#define VECTORS {len(vectors)}", ""]
    for side, name in enumerate(("input", "output")):
        for n in range(len((program.inputs, program.outputs)[side])):
            values = np.stack([vector[side][n].reshape(-1) for vector in vectors])
            lines += array(f"{name}_{n}", values)
    lines += [
        "static int differ(const void *a, const void *b, uint32_t bytes)",
        "{",
        "    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;",
        "    for (; bytes > 0; bytes--)",
        "        if (*x++ != *y++)",
        "            return 1;",
        "    return 0;",
        "}",
        "",
        "int ea_selftest(void *arena)",
        "{",
        "    int wrong = 0;",
        "    uint32_t i, k;",
        "    if (ea_model_start(arena, EA_MODEL_ARENA_BYTES) != EA_MODEL_OK)",
        "        return VECTORS;",
        "    for (i = 0; i < VECTORS; i++) {",
    ]
    for n in range(len(program.inputs)):
        lines += [
            f"        for (k = 0; k < EA_MODEL_INPUT_{n}_COUNT; k++)",
            f"            ea_model_input_{n}(arena)[k] = input_{n}[i][k];",
        ]
    compared = " || ".join(
        f"differ(ea_model_output_{n}(arena), output_{n}[i], EA_MODEL_OUTPUT_{n}_BYTES)"
        for n in range(len(program.outputs))
    )
    lines += ["        ea_model_run(arena);", f"        wrong += {compared};", "    }", "    return wrong;", "}"]
    return "\n".join(lines) + "\n"
