"""Fixed-point arithmetic on arrays, to the bit as TensorFlow Lite Micro does it.

Its builds use double rounding: a multiplication that keeps the high half is rounded, and the shift that follows is
rounded again. The functions are those of gemmlowp (https://github.com/google/gemmlowp, `fixedpoint/fixedpoint.h`) and
of TFLite's `kernels/internal/common.cc`. Arrays are int64 that hold what C has in 32 bits; Qm.n is a number with m bits
before the point and n behind.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Integers",
    "divide_by_power_of_two",
    "exponential",
    "high_product",
    "logistic",
    "multiply",
    "multiply_wide",
    "reciprocal",
    "round_half_away",
    "tanh",
    "wrap",
]

Integers = NDArray[np.int64]

ONE = 2**31 - 1  # in Q0.31


def wrap(values: Integers) -> Integers:
    """Keep the low 32 bits, as C does where it stores more into an int32."""
    return values.astype(np.int32).astype(np.int64)


def saturate(values: Integers) -> Integers:
    """Clip to what an int32 holds."""
    return values.clip(-(2**31), 2**31 - 1)


def high_product(a: Any, b: Any) -> Integers:
    """Multiply, and keep the high half rounded: round(a * b / 2^31), halves upwards.

    Both factors being -2^31, the one case that would overflow, does not occur: no multiplier is that.
    """
    product: Integers = (a * b + (1 << 30)) >> 31
    return product


def divide_by_power_of_two(values: Integers, exponent: Any) -> Integers:
    """Divide by 2^exponent, rounding halves away from zero."""
    mask = (np.int64(1) << exponent) - 1
    quotient: Integers = (values >> exponent) + ((values & mask) > (mask >> 1) + (values < 0))
    return quotient


def multiply(values: NDArray[Any], multiplier: Any, shift: Any) -> Integers:
    """Multiply int32 values by multiplier * 2^(shift - 31).

    Args:
        values: integers that fit 32 bits, of any shape.
        multiplier: of `quantise_multiplier`, or an array of them that broadcasts to `values`.
        shift: as `multiplier`; to the left where positive.
    """
    shift = np.asarray(shift, np.int64)
    shifted = wrap(values.astype(np.int64) << np.maximum(shift, 0))
    return divide_by_power_of_two(high_product(shifted, multiplier), np.maximum(-shift, 0))


def multiply_wide(values: Integers, multiplier: Any, shift: Any) -> Integers:
    """Multiply accumulators of up to 48 bits, as in int16 convolutions; of the multiplier 16 bits are used."""
    multiplier, shift = np.asarray(multiplier, np.int64), np.asarray(shift, np.int64)
    reduced = np.where(multiplier < 0x7FFF0000, (multiplier + (1 << 15)) >> 16, 0x7FFF)
    right = 15 - shift
    return wrap((values * reduced + (np.int64(1) << (right - 1))) >> right)


# exp(-2^k) in Q0.31 for k = -2 ... 4
_EXPONENTIALS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def exponential(values: Integers, integer_bits: int) -> Integers:
    """Take exp of numbers that are not positive.

    Args:
        values: in Q`integer_bits`, 4 or 5.
        integer_bits: bits before the point.

    Returns:
        Q0.31.
    """
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    below = (values & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exponential_of_quarter(saturate(below << integer_bits))
    rest = below - values
    for bit, factor in zip(range(fraction_bits - 2, 31), _EXPONENTIALS, strict=False):  # the last needs 5 bits
        result = np.where(rest & (1 << bit), high_product(result, factor), result)
    return np.where(values == 0, ONE, result)


def _exponential_of_quarter(values: Integers) -> Integers:
    """Take exp in [-1/4, 0), Q0.31 to Q0.31: its Taylor series around -1/8, to the fourth power."""
    x = values + (1 << 28)
    x2 = high_product(x, x)
    x3, x4 = high_product(x2, x), high_product(x2, x2)
    third = 715827883
    series = divide_by_power_of_two(high_product(divide_by_power_of_two(x4, 2) + x3, third) + x2, 1)
    at_centre = 1895147668  # exp(-1/8)
    return saturate(at_centre + high_product(at_centre, x + series))


def _newton(values: Integers) -> Integers:
    """Divide 2 by (1 + x) for x in [0, 1], Q0.31 to Q2.29: three steps of Newton and Raphson."""
    half = (values + ONE + 1) >> 1  # of the denominator
    quotient = 1515870810 + high_product(half, -1010580540)  # 48/17 - 32/17 half
    for _ in range(3):
        error = (1 << 29) - high_product(half, quotient)
        quotient = quotient + saturate(high_product(quotient, error) << 2)
    return quotient


def reciprocal(values: Integers) -> Integers:
    """Take 1 / (1 + x) for x in [0, 1], in Q0.31."""
    return saturate(_newton(values) << 1)


def logistic(values: Integers) -> Integers:
    """Take the logistic function, Q4.27 to Q0.31."""
    positive = reciprocal(exponential(-np.abs(values), 4))
    return np.where(values == 0, 1 << 30, np.where(values > 0, positive, ONE - positive))


def tanh(values: Integers) -> Integers:
    """Take the hyperbolic tangent, Q4.27 to Q0.31."""
    powers = exponential(-np.abs(values), 5)  # exp(-2 |x|): the same bits, with the point one place further
    positive = saturate((_newton(powers) - (1 << 29)) << 2)
    return np.where(values == 0, 0, np.where(values < 0, -positive, positive))


def round_half_away(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round, halves away from zero, as std::round does."""
    return np.trunc(values + np.copysign(0.5, values))
