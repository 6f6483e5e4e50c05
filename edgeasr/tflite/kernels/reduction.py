"""MEAN and REDUCE_MAX."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import multiply, wrap
from edgeasr.tflite.kernels.call import Call, Kernel, clamped

__all__ = ["mean", "reduce_max"]


def mean(call: Call) -> Kernel:
    """Make MEAN, over the axes that are its second input."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    axes, shape = _axes(call), call.output.shape
    if call.is_float():
        return lambda x, _: x.mean(axis=axes, dtype=np.float32).reshape(shape)
    count = math.prod(call.source().shape[axis] for axis in axes)
    multiplier = quantisation.mean(call.source(), call.output, count)
    offset = quantisation.zero_point_of(call.source()) * count
    clamp = clamped(call)

    def run(x: NDArray[Any], _: NDArray[Any]) -> NDArray[Any]:
        total = wrap(x.sum(axis=axes, dtype=np.int64) - offset)
        return clamp(multiply(total, *multiplier)).reshape(shape)

    return run


def reduce_max(call: Call) -> Kernel:
    """Make REDUCE_MAX, over the axes that are its second input."""
    axes, shape = _axes(call), call.output.shape
    return lambda x, _: x.max(axis=axes).reshape(shape)


def _axes(call: Call) -> tuple[int, ...]:
    rank = len(call.source().shape)
    return tuple(sorted({int(axis) % rank for axis in call.constant(1).reshape(-1)}))
