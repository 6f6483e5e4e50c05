"""What surrounds the model in the folder of a firmware: main.c, test vectors, build files, README."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_firmware.boards import COMPILER_FLAGS, Board
from edgeasr_firmware.codegen.program import Program
from edgeasr_firmware.codegen.write import array
from edgeasr_firmware.plan import ALIGNMENT_BYTES, Plan

__all__ = ["Vector", "cmake_lists", "main_c", "makefile", "readme", "vectors_h"]

Vector = tuple[Sequence[NDArray[Any]], Sequence[NDArray[Any]]]  # inputs and outputs of one inference


def main_c(program: Program, origin: str) -> str:
    """Write main.c, which runs the test vectors and ends with the number of those that went wrong."""
    lines = [
        f"/* {origin} */",
        '#include "model.h"',
        '#include "vectors.h"',
        "",
        f"static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned({ALIGNMENT_BYTES})));",
        "",
        "static int differ(const void *a, const void *b, uint32_t bytes)",
        "{",
        "    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;",
        "    for (; bytes > 0; bytes--)",
        "        if (*x++ != *y++)",
        "            return 1;",
        "    return 0;",
        "}",
        "",
        "/* Returns how many of the test vectors gave another result than on the host: 0 if all is well. */",
        "int main(void)",
        "{",
        "    int wrong = 0;",
        "    uint32_t i, k;",
        "    if (ea_model_start(arena, sizeof arena) != EA_MODEL_OK)",
        "        return EA_VECTORS;",
        "    for (i = 0; i < EA_VECTORS; i++) {",
    ]
    for n in range(len(program.inputs)):
        lines += [
            f"        for (k = 0; k < EA_MODEL_INPUT_{n}_COUNT; k++)",
            f"            ea_model_input_{n}(arena)[k] = ea_vector_input_{n}[i][k];",
        ]
    lines += ["        ea_model_run(arena);"]
    compared = " || ".join(
        f"differ(ea_model_output_{n}(arena), ea_vector_output_{n}[i], EA_MODEL_OUTPUT_{n}_BYTES)"
        for n in range(len(program.outputs))
    )
    return "\n".join([*lines, f"        wrong += {compared};", "    }", "    return wrong;", "}"]) + "\n"


def vectors_h(program: Program, vectors: Sequence[Vector], origin: str) -> str:
    """Write vectors.h: inputs in the order of a stream, and what the model makes of them."""
    lines = [f"/* {origin} */", "#ifndef EA_VECTORS_H", "#define EA_VECTORS_H", "", '#include "model.h"', ""]
    lines += [f"#define EA_VECTORS {len(vectors)}", ""]
    for side, name in enumerate(("input", "output")):
        for n in range(len((program.inputs, program.outputs)[side])):
            values = np.stack([vector[side][n].reshape(-1) for vector in vectors])
            lines += array(f"ea_vector_{name}_{n}", values)
    return "\n".join([*lines, "#endif"]) + "\n"


def makefile(board: Board, sources: Sequence[str], origin: str) -> str:
    """Write the Makefile: a library of the model, and on the host its self-test."""
    lines = [
        f"# {origin}",
        f"CC = {board.compiler}",
        f"AR = {board.compiler.removesuffix('gcc')}ar",
        f"CFLAGS = {' '.join((*COMPILER_FLAGS, *board.flags))}",
        f"OBJECTS = {' '.join(name.removesuffix('.c') + '.o' for name in sources)}",
        "",
        "libea_model.a: $(OBJECTS)",
        "\t$(AR) rcs $@ $^",
        "",
        "# with LDFLAGS for the start-up and the memory of the board; on the host it needs none",
        "selftest: main.o libea_model.a",
        "\t$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS)",
        "",
        "test: selftest",
        "\t./selftest",
        "",
        "$(OBJECTS) main.o: $(wildcard *.h)",
        "",
        "clean:",
        "\trm -f *.o libea_model.a selftest",
        "",
        ".PHONY: test clean",
    ]
    return "\n".join(lines) + "\n"


def cmake_lists(board: Board, sources: Sequence[str], origin: str) -> str:
    """Write CMakeLists.txt: the same library and self-test."""
    lines = [
        f"# {origin}",
        "cmake_minimum_required(VERSION 3.13)",
        "project(ea_model C)",
        "set(CMAKE_C_STANDARD 99)",
        f"add_library(ea_model STATIC {' '.join(sources)})",
        "target_include_directories(ea_model PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})",
    ]
    if board.flags:
        lines += [f"target_compile_options(ea_model PUBLIC {' '.join(board.flags)})"]
    lines += [
        "if(NOT CMAKE_CROSSCOMPILING)",
        "  add_executable(selftest main.c)",
        "  target_link_libraries(selftest ea_model)",
        "  enable_testing()",
        "  add_test(NAME selftest COMMAND selftest)",
        "endif()",
    ]
    return "\n".join(lines) + "\n"


def readme(program: Program, plan: Plan, board: Board, origin: str, ears: Sequence[str]) -> str:
    """Write README.md: how to call the model, and what it costs."""
    rows = [
        f"| {step.operator} | `{step.code.partition('(')[0]}` | {step.macs or ''} | "
        f"{plan.offsets[step.output]} | {program.buffers[step.output].bytes} |"
        for step in program.steps
    ]
    constants = sum(table.values.nbytes for table in program.tables)
    lines = [
        "# Model in C99",
        "",
        f"{origin}",
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
        "`make test` runs `main.c`, which compares the model with `vectors.h`; put the model on a board, and do that",
        "there too.",
        "",
        f"- arena: {plan.arena_bytes} bytes; no packing of these tensors needs less than {plan.bound_bytes}",
        f"- constants: {constants} bytes",
        f"- compiled for {board.name}: `{' '.join((board.compiler, *board.flags))}`; kernels choose the DSP or Helium",
        "  instructions by what the compiler says of the core, and give the same bits on all",
    ]
    texts = {
        "ea_frontend.h": "the front end, from int16 samples to features, quantised for the model",
        "ea_spot.h": "the spotter, from outputs of the model to keywords",
        "ea_listen.h": "all three together, from samples to keywords",
    }
    lines += [f"- `{name}`: {texts[name]}" for name in ears]
    lines += [
        "",
        "| step | kernel | products | output at | bytes |",
        "| --- | --- | ---: | ---: | ---: |",
        *rows,
    ]
    return "\n".join(lines) + "\n"
