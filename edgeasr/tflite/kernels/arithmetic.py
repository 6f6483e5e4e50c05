"""ADD, SUB and MUL, with broadcasting."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import Integers, multiply
from edgeasr.tflite.kernels.call import Call, Kernel, check_size, clamped, limited

__all__ = ["add", "mul", "sub"]


def add(call: Call) -> Kernel:
    """Make ADD."""
    return _plain(call, np.add) or _sum(call, np.add)


def sub(call: Call) -> Kernel:
    """Make SUB."""
    return _plain(call, np.subtract) or _sum(call, np.subtract)


def mul(call: Call) -> Kernel:
    """Make MUL."""
    plain = _plain(call, np.multiply)
    if plain:
        return plain
    multiplier = quantisation.multiplication(call.source(0), call.source(1), call.output)
    centre_first, centre_second = _centred(call.source(0)), _centred(call.source(1))
    clamp = clamped(call)
    return lambda first, second: clamp(multiply(centre_first(first) * centre_second(second), *multiplier))


def _plain(call: Call, function: Callable[..., NDArray[Any]]) -> Kernel | None:
    """Make the kernel of floats or of plain int32, which wraps around; None for quantised tensors."""
    call.expect_types("FLOAT32", "INT8", "INT16", "INT32")
    check_size(np.broadcast_shapes(call.source(0).shape, call.source(1).shape))
    if call.source(0).dtype != call.source(1).dtype:
        raise ArtefactError(f"{call.operator.name}: expected inputs of one type, got two")
    if not call.is_float() and call.output.dtype != np.int32:
        return None
    limit = limited(call)
    return lambda first, second: limit(function(first, second))


def _sum(call: Call, function: Callable[[Integers, Integers], Integers]) -> Kernel:
    constants = quantisation.addition(call.source(0), call.source(1), call.output)
    centre_first, centre_second = _centred(call.source(0)), _centred(call.source(1))
    clamp = clamped(call)

    def run(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
        scaled_first = multiply(centre_first(first) << constants.left_shift, *constants.first)
        scaled_second = multiply(centre_second(second) << constants.left_shift, *constants.second)
        return clamp(multiply(function(scaled_first, scaled_second), *constants.output))

    return run


def _centred(tensor: Any) -> Callable[[NDArray[Any]], Integers]:
    zero_point = quantisation.zero_point_of(tensor)
    return lambda values: values.astype(np.int64) - zero_point
