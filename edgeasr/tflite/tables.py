"""Lookup tables that softmax, logistic and tanh need, in the bits that TensorFlow Lite Micro has."""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import fixedpoint, quantisation
from edgeasr.tflite.model import Tensor

__all__ = ["exponential_knots", "interpolate", "reciprocal_knots", "sigmoid_knots", "softmax_exponentials"]

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def softmax_exponentials(source: Tensor, beta: float) -> NDArray[np.int32]:
    """Tabulate exp for the softmax of int8.

    Args:
        source: the input.
        beta: factor of the exponent.

    Returns:
        int32 [256] in Q0.31: entry d is for a value d below the largest. Those too small to count are 0.
    """
    multiplier = quantisation.softmax(source, beta)
    distance = np.arange(256, dtype=np.int64)
    exponentials = fixedpoint.exponential(fixedpoint.multiply(-distance, *multiplier), 5)
    counts = distance <= quantisation.input_radius(5, multiplier.shift)
    return np.where(counts, exponentials, 0).astype(np.int32)


def exponential_knots() -> NDArray[np.int16]:
    """Tabulate exp from -10 to 0 for the softmax of int16: int16 [513] in Q0.15, for `interpolate`."""
    return _knots(np.exp, 10 / 65535, 32767)


def reciprocal_knots() -> NDArray[np.int16]:
    """Tabulate 1 / (1 + x) from 0 to 1 for the softmax of int16: int16 [513] in Q0.15, for `interpolate`."""
    return _knots(lambda x: 1 / (1 + x), 1 / 65535, -32768)


def interpolate(values: fixedpoint.Integers, knots: NDArray[np.int16]) -> fixedpoint.Integers:
    """Read a table of 513 knots, which stand 128 apart from -32768 on, at int16 values."""
    index, rest = (values >> 7) + 256, values & 127
    below, above = knots[index].astype(np.int64), knots[index + 1].astype(np.int64)
    result: fixedpoint.Integers = below + (((above - below) * rest + 64) >> 7)
    return result


@functools.cache
def sigmoid_knots() -> NDArray[np.uint16]:
    """Tabulate the logistic function of k / 24 for the LOGISTIC and TANH of int16: uint16 [256] in Q0.16.

    As every knot serves two straight lines it stands off the curve by half of what the line after it misses in its
    middle.
    """

    def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return 65536 / (1 + np.exp(-x))

    k = np.arange(256.0)
    here, middle, after = (logistic((k + part) / 24) for part in (0, 0.5, 1))
    knots = np.floor(here - ((here + after) / 2 - middle) / 2 + 0.5)
    knots[-1] = 65535  # the end, where the curve counts as flat
    return knots.astype(np.uint16)


def _knots(function: Function, scale: float, zero_point: int) -> NDArray[np.int16]:
    """Place 513 knots on a function of int16, each moved by half of what the line after it misses in its middle.

    All is computed in float32 in the order of TFLite's `LUTPopulate`, for the last bit depends on it; the function
    itself is rounded from double, as the C library does it.

    Args:
        function: to tabulate.
        scale: of its input.
        zero_point: of its input.
    """
    f = np.float32
    start, end = (f(scale) * f(limit - zero_point) for limit in (-32768, 32767))
    output_scale = f(2) / f(65535)
    to_integer = f(65536) / (output_scale * f(32767) - output_scale * f(-32768))
    step = (end - start) / f(512)
    k = np.arange(513, dtype=f)

    def scaled(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return function(x.astype(np.float64)).astype(f) * to_integer

    def rounded(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return fixedpoint.round_half_away(x.astype(np.float64)).astype(f)

    here, after = rounded(scaled(start + k * step)), scaled(start + (k + 1) * step)
    missed = rounded((after + here) / f(2)) - rounded(scaled(start + k * step + step / f(2)))
    knots = here - rounded(missed / f(2))
    knots[-1] = rounded(scaled(np.array([end])))[0]
    return knots.clip(-32768, 32767).astype(np.int16)
