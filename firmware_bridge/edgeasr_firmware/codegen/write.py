"""The text of model.h and model.c."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Tensor
from edgeasr_firmware.codegen.program import Program, Step
from edgeasr_firmware.headers import C_BEGIN, C_END
from edgeasr_firmware.plan import ALIGNMENT_BYTES, Plan

__all__ = ["array", "float_c", "header", "source"]

_C_TYPES = {"float32": "float", "bool": "uint8_t"}
_C_TYPES.update({f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)})

_WIDTH = 118


def header(program: Program, plan: Plan, origin: str) -> str:
    """Write model.h: sizes, where inputs and outputs lie, and the two functions.

    Args:
        program: of the model.
        plan: its arena.
        origin: what made it of what, for the comment at the top.
    """
    sides = (("input", program.inputs), ("output", program.outputs))
    lines = [
        f"/* {origin} */",
        "#ifndef EA_MODEL_H",
        "#define EA_MODEL_H",
        "",
        "#include <stdint.h>",
        "",
        *C_BEGIN,
        f"/* The one memory that the model needs beside its constants, aligned to {ALIGNMENT_BYTES} bytes. */",
        f"#define EA_MODEL_ARENA_BYTES {max(plan.arena_bytes, ALIGNMENT_BYTES)}",
        "",
        *(line for side, tensors in sides for n, (tensor, _) in enumerate(tensors) for line in _facts(side, n, tensor)),
        "typedef enum {",
        "    EA_MODEL_OK,",
        "    EA_MODEL_ARENA_SMALL,     /* fewer bytes than EA_MODEL_ARENA_BYTES */",
        f"    EA_MODEL_ARENA_UNALIGNED /* its address is no multiple of {ALIGNMENT_BYTES} */",
        "} ea_model_status_t;",
        "",
        "/* Check the arena, and set the state of a streaming model to its start. To be called once before the first",
        " * inference, and again to forget what was heard. */",
        "ea_model_status_t ea_model_start(void *arena, uint32_t arena_bytes);",
        "",
        "/* Compute the outputs from the inputs. Both are in the arena, and an inference may overwrite the inputs. */",
        "void ea_model_run(void *arena);",
        "",
        *(line for side, tensors in sides for n, item in enumerate(tensors) for line in _place(side, n, item, plan)),
        *C_END,
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def source(program: Program, plan: Plan, origin: str) -> str:
    """Write model.c: constants and the calls of the kernels. See `header` for the arguments."""
    kernels = sorted({step.source for step in (*program.start, *program.steps)})
    lines = [
        f"/* {origin} */",
        '#include "model.h"',
        "",
        *(f'#include "{name}.h"' for name in kernels),
        "",
        "/* Between the layers; a build that measures them puts its own mark here. */",
        "#ifndef EA_MODEL_MARK",
        "#define EA_MODEL_MARK() ((void)0)",
        "#endif",
        "",
    ]
    for table in program.tables:
        lines += array(table.name, table.values)
    for struct in program.structs:
        lines += [f"static const {struct.type} {struct.name} = {{"]
        lines += [f"    .{name} = {value}," for name, value in struct.fields] + ["};", ""]
    lines += [
        "ea_model_status_t ea_model_start(void *memory, uint32_t arena_bytes)",
        "{",
        "    uint8_t *arena = (uint8_t *)memory;",
        "    if (arena_bytes < EA_MODEL_ARENA_BYTES)",
        "        return EA_MODEL_ARENA_SMALL;",
        f"    if ((uintptr_t)arena % {ALIGNMENT_BYTES})",
        "        return EA_MODEL_ARENA_UNALIGNED;",
        *(f"    {_call(step, plan, '')}" for step in program.start),
        "    return EA_MODEL_OK;",
        "}",
        "",
        "void ea_model_run(void *memory)",
        "{",
        "    uint8_t *arena = (uint8_t *)memory;",
    ]
    for index, step in enumerate(program.steps):
        lines += [f"    {_call(step, plan, f'scratch {index}')} /* {step.operator} */", "    EA_MODEL_MARK();"]
    return "\n".join([*lines, "    (void)arena;", "}"]) + "\n"


def _facts(side: str, number: int, tensor: Tensor) -> Iterator[str]:
    name = f"EA_MODEL_{side.upper()}_{number}"
    yield f"/* {side.capitalize()} {number}: {_C_TYPES[tensor.dtype.name]} {list(tensor.shape)} */"
    yield f"#define {name}_COUNT {int(np.prod(tensor.shape))}"
    yield f"#define {name}_BYTES {int(np.prod(tensor.shape)) * tensor.dtype.itemsize}"
    if tensor.scale is not None and tensor.scale.size == 1:
        yield f"#define {name}_SCALE {float(tensor.scale[0]):.9g}f"
        yield f"#define {name}_ZERO_POINT {quantisation.zero_point_of(tensor)}"
    yield ""


def _place(side: str, number: int, item: tuple[Tensor, str], plan: Plan) -> Iterator[str]:
    tensor, name = item
    kind = _C_TYPES[tensor.dtype.name] if side == "input" else f"const {_C_TYPES[tensor.dtype.name]}"
    yield f"static inline {kind} *ea_model_{side}_{number}(void *arena)"
    yield "{"
    yield f"    return ({kind} *)(void *)((uint8_t *)arena + {plan.offsets[name]});"
    yield "}"
    yield ""


def _call(step: Step, plan: Plan, scratch: str) -> str:
    def place(name: str) -> str:
        return name.removeprefix("&") if name.startswith("&") else f"(void *)(arena + {plan.offsets[name]})"

    letters = {chr(ord("a") + index): place(name) for index, name in enumerate(step.inputs)}
    work = place(scratch) if step.scratch_bytes else ""
    return step.code.format(**letters, out=place(step.output), scratch=work) + ";"


def array(name: str, values: NDArray[Any]) -> Iterator[str]:
    """Write a constant array, of one dimension or of two, line by line."""
    sizes = "".join(f"[{size}]" for size in values.shape)
    yield f"static const {_C_TYPES[values.dtype.name]} {name}{sizes} = {{"
    for row in values.reshape(-1, values.shape[-1]):
        if values.ndim > 1:
            yield "    {"
        line = "   "
        for text in map(_number, row.tolist()):
            if len(line) + len(text) + 2 > _WIDTH:
                yield line
                line = "   "
            line += f" {text},"
        yield line
        if values.ndim > 1:
            yield "    },"
    yield "};"
    yield ""


def float_c(value: float) -> str:
    """Write a float32 as C, to the bit."""
    if math.isinf(value):
        return "__builtin_inff()" if value > 0 else "-__builtin_inff()"
    return f"{value.hex()}f"


def _number(value: float) -> str:
    if isinstance(value, float):
        return float_c(value)
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)
