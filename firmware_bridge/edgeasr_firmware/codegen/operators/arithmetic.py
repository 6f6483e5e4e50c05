"""Sums, differences and products of two tensors, and what reduces one: integers of 8 or 16 bits, sums also floats."""

import math

import numpy as np

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator, Tensor
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.write import float_c

__all__ = ["add", "mean", "mul", "reduce_max", "sub"]

_DIMENSIONS = 4  # of ea_arithmetic.h and ea_reduce.h

Dimension = tuple[int, ...]  # size, then steps


def add(lowering: Lowering, operator: Operator) -> None:
    """Lower ADD."""
    if _float(lowering, operator, "add"):
        return
    _sum(lowering, operator, quantisation.addition(*_three(lowering, operator)), "add")


def sub(lowering: Lowering, operator: Operator) -> None:
    """Lower SUB."""
    if _float(lowering, operator, "sub"):
        return
    _sum(lowering, operator, quantisation.subtraction(*_three(lowering, operator)), "sub")


def mul(lowering: Lowering, operator: Operator) -> None:
    """Lower MUL."""
    if _float(lowering, operator, "mul"):
        return
    _each(lowering, operator, "mul", quantisation.multiplication(*_three(lowering, operator)))


def _three(lowering: Lowering, operator: Operator) -> tuple[Tensor, Tensor, Tensor]:
    first = lowering.expect(operator.inputs[0], "INT8", "INT16")
    return first, lowering.expect(operator.inputs[1], first.type), lowering.expect(operator.outputs[0], first.type)


def _float(lowering: Lowering, operator: Operator, name: str) -> bool:
    """Lower an operator if it is one of floats; tell whether it is."""
    if lowering.tensor(operator.inputs[0]).type != "FLOAT32":
        return False
    lowering.expect(operator.inputs[1], "FLOAT32")
    output = lowering.expect(operator.outputs[0], "FLOAT32")
    lo, hi = map(float_c, quantisation.activation_limits(operator.options["fused_activation_function"]))
    fields = _broadcast(lowering, operator)
    params = lowering.program.struct("float", "ea_float_t", **fields, lo=lo, hi=hi)
    lowering.step(
        "ea_float", f"ea_{name}_f32(&{params}, {{a}}, {{b}}, {{out}})", operator.inputs, operator.outputs[0],
        in_place=lowering.tensor(operator.inputs[0]).shape == output.shape,
    )  # fmt: skip
    return True


def _broadcast(lowering: Lowering, operator: Operator) -> dict[str, str]:
    """Give the fields that say how two inputs are repeated over an output."""
    first, second, shape = (*map(lowering.tensor, operator.inputs[:2]), lowering.tensor(operator.outputs[0]).shape)
    dimensions = _merged([
        (size, *steps) for size, *steps in zip(shape, _steps(first, shape), _steps(second, shape), strict=True)
    ])  # fmt: skip
    return _fields(lowering, dimensions, "size", "a_step", "b_step")


def _sum(lowering: Lowering, operator: Operator, constants: quantisation.AdditionConstants, name: str) -> None:
    _each(
        lowering, operator, name, constants.output, left_shift=constants.left_shift,
        a_multiplier=constants.first.value, a_shift=constants.first.shift,
        b_multiplier=constants.second.value, b_shift=constants.second.shift,
    )  # fmt: skip


def _each(
    lowering: Lowering, operator: Operator, name: str, multiplier: quantisation.Multiplier, **constants: int
) -> None:
    first, second, output = _three(lowering, operator)
    lo, hi = quantisation.activation_range(
        operator.options["fused_activation_function"],
        quantisation.scale_of(output),
        quantisation.zero_point_of(output),
        output.dtype,
    )
    params = lowering.program.struct(
        "arithmetic", "ea_arithmetic_t", **_broadcast(lowering, operator),
        a_zero_point=quantisation.zero_point_of(first), b_zero_point=quantisation.zero_point_of(second),
        out_zero_point=quantisation.zero_point_of(output), lo=lo, hi=hi, **constants,
        out_multiplier=multiplier.value, out_shift=multiplier.shift,
    )  # fmt: skip
    kernel = f"ea_{name}_s{8 * output.dtype.itemsize}"
    lowering.step(
        "ea_arithmetic", f"{kernel}(&{params}, {{a}}, {{b}}, {{out}})", operator.inputs, operator.outputs[0],
        in_place=first.shape == output.shape,
    )  # fmt: skip


def mean(lowering: Lowering, operator: Operator) -> None:
    """Lower MEAN."""
    source = lowering.tensor(operator.inputs[0])
    count = math.prod(source.shape[axis] for axis in _axes(lowering, operator))
    multiplier = quantisation.mean(source, lowering.tensor(operator.outputs[0]), count)
    _reduce(
        lowering, operator, "mean", offset=quantisation.zero_point_of(source) * count, multiplier=multiplier.value,
        shift=multiplier.shift, zero_point=quantisation.zero_point_of(lowering.tensor(operator.outputs[0])),
    )  # fmt: skip


def reduce_max(lowering: Lowering, operator: Operator) -> None:
    """Lower REDUCE_MAX."""
    _reduce(lowering, operator, "max")


def _reduce(lowering: Lowering, operator: Operator, name: str, **constants: int) -> None:
    source, axes = lowering.expect(operator.inputs[0], "INT8", "INT16"), _axes(lowering, operator)
    lowering.expect(operator.outputs[0], source.type)
    every = list(zip(source.shape, _steps(source, source.shape), strict=True))
    kept = _merged([dimension for axis, dimension in enumerate(every) if axis not in axes])
    gone = _merged([dimension for axis, dimension in enumerate(every) if axis in axes])
    params = lowering.program.struct(
        "reduce", "ea_reduce_t", **_fields(lowering, kept, "kept", "kept_step"),
        **_fields(lowering, gone, "gone", "gone_step"), **constants,
    )  # fmt: skip
    kernel = f"ea_{name}_s{8 * source.dtype.itemsize}"
    lowering.step("ea_reduce", f"{kernel}(&{params}, {{a}}, {{out}})", operator.inputs[:1], operator.outputs[0])


def _axes(lowering: Lowering, operator: Operator) -> set[int]:
    rank = len(lowering.tensor(operator.inputs[0]).shape)
    return {int(axis) % rank for axis in lowering.constant(operator.inputs[1]).reshape(-1)}


def _steps(tensor: Tensor, shape: tuple[int, ...]) -> list[int]:
    """Give how far apart neighbours along each dimension of `shape` lie in a tensor that is broadcast to it."""
    sizes = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
    return [0 if size == 1 else int(np.prod(sizes[axis + 1 :])) for axis, size in enumerate(sizes)]


def _merged(dimensions: list[Dimension]) -> list[Dimension]:
    """Leave out dimensions of 1, and make one of two that follow each other without a gap."""
    merged: list[Dimension] = []
    for size, *steps in dimensions:
        if size == 1:
            continue
        if merged and list(merged[-1][1:]) == [step * size for step in steps]:
            merged[-1] = (merged[-1][0] * size, *steps)
        else:
            merged.append((size, *steps))
    return merged


def _fields(lowering: Lowering, dimensions: list[Dimension], *names: str) -> dict[str, str]:
    """Write dimensions as C fields, the first name for the sizes and the others for the steps."""
    if len(dimensions) > _DIMENSIONS:
        raise lowering.unsupported(f"{len(dimensions)} dimensions that cannot be merged, expected {_DIMENSIONS}")
    filled = [(1,) + (0,) * (len(names) - 1)] * (_DIMENSIONS - len(dimensions)) + dimensions
    columns = zip(*filled, strict=True)
    return {name: "{" + ", ".join(map(str, values)) + "}" for name, values in zip(names, columns, strict=True)}
