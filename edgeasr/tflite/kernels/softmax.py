"""SOFTMAX over the last dimension."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr import scores
from edgeasr.tflite import fixedpoint, quantisation, tables
from edgeasr.tflite.fixedpoint import Integers, divide_by_power_of_two, high_product, multiply
from edgeasr.tflite.kernels.call import Call, Kernel

__all__ = ["softmax"]


def softmax(call: Call) -> Kernel:
    """Make SOFTMAX of floats, of int8 to int8 or int16, or of int16."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    beta = call.option("beta")
    if call.is_float():
        return lambda x: scores.softmax(x * np.float32(beta))
    if call.source().dtype == np.int16:
        call.expect_output(2**-15, 0)
        return _of_int16(call)
    call.expect_output(*((2**-8, -128) if call.output.dtype == np.int8 else (2**-16, -32768)))
    exponentials = tables.softmax_exponentials(call.source(), beta).astype(np.int64)
    limits = np.iinfo(call.output.dtype)

    def run(values: NDArray[Any]) -> NDArray[Any]:
        x = values.astype(np.int64)
        powers = exponentials[x.max(axis=-1, keepdims=True) - x]
        total = divide_by_power_of_two(powers, 12).sum(axis=-1, keepdims=True)  # Q12.19
        zeros = _leading_zeros(total)
        scale = fixedpoint.reciprocal((total << zeros) - 2**31)
        shares = divide_by_power_of_two(high_product(scale, powers), 12 - zeros + 31 - limits.bits)
        return (shares + limits.min).clip(limits.min, limits.max).astype(call.output.dtype)

    return run


def _of_int16(call: Call) -> Kernel:
    multiplier = quantisation.softmax(call.source(), call.option("beta"))
    exponential, reciprocal = tables.exponential_knots(), tables.reciprocal_knots()

    def run(values: NDArray[Any]) -> NDArray[Any]:
        x = values.astype(np.int64)
        place = multiply(x - x.max(axis=-1, keepdims=True), *multiplier) + 32767
        powers = tables.interpolate(place.clip(-32768, 32767), exponential)
        total = powers.sum(axis=-1, keepdims=True)  # Q16.15
        zeros = _leading_zeros(total)
        mantissa = ((total << (zeros - 1)) + (1 << 13)) >> 14  # in [1, 2)
        scale = tables.interpolate((mantissa - 3 * 2**15).clip(-32768, 32767), reciprocal)
        shift = 31 - zeros
        shares = (powers * scale + (np.int64(1) << (shift - 1))) >> shift
        return shares.clip(0, 32767).astype(np.int16)

    return run


def _leading_zeros(values: Integers) -> Integers:
    """Count the leading zeros of positive numbers of 32 bits."""
    _, exponents = np.frexp(values.astype(np.float64))
    return 32 - exponents.astype(np.int64)
