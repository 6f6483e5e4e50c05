"""Operators that move elements and compute nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite.model import Operator, Tensor
from edgeasr_firmware.codegen.copies import DIMENSIONS, Copy, copies_of
from edgeasr_firmware.codegen.lower import Lowering

__all__ = ["move", "reshape", "shape"]

_FAR = 1 << 40  # between the numbers of one input and the next; what is below is a value that fills
_MOST_COPIES = 64


def reshape(lowering: Lowering, operator: Operator) -> None:
    """Lower RESHAPE, SQUEEZE and EXPAND_DIMS: the same memory under another shape."""
    lowering.alias(operator.outputs[0], operator.inputs[0])


def shape(lowering: Lowering, operator: Operator) -> None:
    """Lower SHAPE: all sizes are known here, and so is what is computed of them."""
    source = lowering.tensor(operator.inputs[0])
    lowering.fold(operator, np.zeros(source.shape, source.dtype))


def move(lowering: Lowering, operator: Operator) -> None:
    """Lower any operator that only moves elements, by what its NumPy kernel does with their numbers."""
    # axes and sizes are constant; constants that are moved themselves are only met where several inputs are joined
    joins = operator.name in ("CONCATENATION", "PACK")
    moved = [index for index in operator.inputs if joins or lowering.tensor(index).data is None]
    numbers = {
        index: _FAR * (1 + place) + np.arange(_count(lowering.tensor(index))).reshape(lowering.tensor(index).shape)
        for place, index in enumerate(moved)
    }
    values = [numbers.get(index, lowering.tensor(index).data) for index in operator.inputs]
    filler: NDArray[Any] | None = None
    if operator.name == "PADV2":
        filler, values[2] = values[2], np.array(-1)
    results = lowering.kernel(operator)(*values)
    for index, origins in zip(operator.outputs, results if isinstance(results, tuple) else (results,), strict=True):
        origins = np.asarray(origins, np.int64).reshape(lowering.tensor(index).shape)
        same = next((source for source in moved if np.array_equal(origins.ravel(), numbers[source].ravel())), None)
        if same is not None:
            lowering.alias(index, same)
            continue
        _fill(lowering, index, origins, filler)
        for place, source in enumerate(moved):
            first = _FAR * (1 + place)
            here = (origins >= first) & (origins < first + _FAR)
            _copy(lowering, source, index, np.where(here, origins - first, -1))


def _count(tensor: Tensor) -> int:
    return int(np.prod(tensor.shape))


def _fill(lowering: Lowering, index: int, origins: NDArray[np.int64], filler: NDArray[Any] | None) -> None:
    """Fill an output whose elements do not all come from inputs: with `filler`, or with the number that they have."""
    numbers = origins[origins < _FAR]
    if numbers.size:
        tensor = lowering.tensor(index)
        element = np.asarray(numbers[0] if filler is None else filler).astype(tensor.dtype).reshape(())
        bits = element.view(f"i{tensor.dtype.itemsize}")
        code = f"ea_fill({{out}}, {_count(tensor)}, {tensor.dtype.itemsize}, {bits})"
        lowering.step("ea_copy", code, (), index)


def _copy(lowering: Lowering, source: int, index: int, origins: NDArray[np.int64]) -> None:
    found = copies_of(origins)
    if len(found) > _MOST_COPIES or any(len(copy.dimensions) > DIMENSIONS for copy in found):
        raise lowering.unsupported(f"{len(found)} copies, expected up to {_MOST_COPIES} of {DIMENSIONS} dimensions")
    for copy in found:
        params = copy_struct(lowering, copy, lowering.tensor(index).dtype.itemsize)
        lowering.step("ea_copy", f"ea_copy(&{params}, {{a}}, {{out}})", (source,), index)


def copy_struct(lowering: Lowering, copy: Copy, element_bytes: int) -> str:
    """Write the structure of a copy and give its name."""
    filled = ((1, 0, 0),) * (DIMENSIONS - len(copy.dimensions)) + copy.dimensions
    sizes, from_steps, to_steps = zip(*filled, strict=True)

    def listed(values: tuple[int, ...], factor: int) -> str:
        return "{" + ", ".join(str(value * factor) for value in values) + "}"

    return lowering.program.struct(
        "copy", "ea_copy_t", run=copy.run * element_bytes, size=listed(sizes, 1),
        **{"from": copy.start * element_bytes, "from_step": listed(from_steps, element_bytes)},
        to=copy.target * element_bytes, to_step=listed(to_steps, element_bytes),
    )  # fmt: skip
