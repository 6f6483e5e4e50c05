"""Functions of one value: RELU, RELU6, LEAKY_RELU, HARD_SWISH, LOGISTIC and TANH."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import fixedpoint, quantisation
from edgeasr.tflite.fixedpoint import Integers, divide_by_power_of_two, multiply
from edgeasr.tflite.kernels.call import Call, Kernel
from edgeasr.tflite.tables import sigmoid_knots

__all__ = ["hard_swish", "int16_logistic", "int16_tanh", "leaky_relu", "logistic", "relu", "relu6", "tanh"]


def relu(call: Call) -> Kernel:
    """Make RELU."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    if call.is_float():
        return lambda x: np.maximum(x, np.float32(0))
    multiplier = quantisation.requantisation(call.source(), call.output)
    return _element_wise(call, lambda x: np.maximum(multiply(x, *multiplier), 0))


def relu6(call: Call) -> Kernel:
    """Make RELU6, whose output has the scale of its input."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    if call.is_float():
        return lambda x: np.clip(x, np.float32(0), np.float32(6))
    source = call.source()
    low, high = quantisation.activation_range(
        "RELU6", quantisation.scale_of(source), quantisation.zero_point_of(source), source.dtype
    )
    return lambda x: np.clip(x, low, high).astype(x.dtype)


def leaky_relu(call: Call) -> Kernel:
    """Make LEAKY_RELU."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    alpha = call.option("alpha")
    if call.is_float():
        return lambda x: np.where(x > 0, x, x * np.float32(alpha))
    positive, negative = quantisation.leaky_relu(call.source(), call.output, alpha)
    return _element_wise(call, lambda x: np.where(x >= 0, multiply(x, *positive), multiply(x, *negative)))


def hard_swish(call: Call) -> Kernel:
    """Make HARD_SWISH, x * relu6(x + 3) / 6, in 16 bits."""
    call.expect_types("FLOAT32", "INT8")
    if call.is_float():
        return lambda x: x * np.clip(x + np.float32(3), np.float32(0), np.float32(6)) / np.float32(6)
    constants = quantisation.hard_swish(call.source(), call.output)
    return _element_wise(call, lambda x: _hard_swish(x << 7, constants))


def _hard_swish(fine: Integers, constants: quantisation.HardSwishConstants) -> Integers:
    output = _high_product16(fine, constants.output.value)
    gate, shift = fine, constants.gate.shift
    if shift > 0:
        gate = _saturate16(gate << (shift - 1))
    gate = _high_product16(gate, constants.gate.value)
    if shift > 0:
        gate = _saturate16(gate << 1)
    if shift < 0:
        gate = divide_by_power_of_two(gate, -shift)
    gate = (gate + (1 << 15)) >> 1  # from [-1, 1] to [0, 1]
    product = gate * output
    towards_zero = np.sign(product) * (np.abs(product) >> 15)
    return divide_by_power_of_two(towards_zero, -constants.output.shift)


def _high_product16(a: Integers, b: int) -> Integers:
    return (a * b + (1 << 14)) >> 15


def _saturate16(values: Integers) -> Integers:
    return values.clip(-(2**15), 2**15 - 1)


def logistic(call: Call) -> Kernel:
    """Make LOGISTIC."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    if call.is_float():
        return lambda x: (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)
    if call.source().dtype == np.int16:
        call.expect_output(2**-15, 0)
        place = quantisation.lut_input(call.source(), "LOGISTIC")
        return lambda x: int16_logistic(x, place)
    call.expect_output(2**-8, -128)
    return _saturating(call, lambda x: divide_by_power_of_two(fixedpoint.logistic(x), 23) - 128)


def tanh(call: Call) -> Kernel:
    """Make TANH."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    if call.is_float():
        return np.tanh
    if call.source().dtype == np.int16:
        call.expect_output(2**-15, 0)
        place = quantisation.lut_input(call.source(), "TANH")
        return lambda x: int16_tanh(x, place)
    call.expect_output(2**-7, 0)
    return _saturating(call, lambda x: divide_by_power_of_two(fixedpoint.tanh(x), 24))


def int16_logistic(values: NDArray[Any], place: quantisation.LutInput) -> NDArray[np.int16]:
    """Take the logistic function: int16 to int16 in Q0.15, any shape."""
    x = _placed(values, place)
    result = _between_knots(np.abs(x), 9, 0x7FFF << 10)
    result = np.where(x >= 0, result + (1 << 9), (1 << 25) - result + (1 << 9) - 1)
    return (result >> 10).astype(np.int16)


def int16_tanh(values: NDArray[Any], place: quantisation.LutInput) -> NDArray[np.int16]:
    """Take the hyperbolic tangent, 2 logistic(2x) - 1: int16 to int16 in Q0.15, any shape."""
    x = _placed(values, place)
    result = _between_knots(np.abs(x), 8, 0xFFFF << 8)
    result = np.where(x >= 0, result - (1 << 23) + (1 << 7), -result + (1 << 23) + (1 << 7) - 1)
    return (result >> 8).astype(np.int16)


def _placed(values: NDArray[Any], place: quantisation.LutInput) -> Integers:
    half = (1 << place.right_shift) >> 1
    placed: Integers = (values.astype(np.int64) * place.factor + half) >> place.right_shift
    return placed


def _between_knots(distance: Integers, bits: int, end: int) -> Integers:
    """Read the sigmoid's table at a distance of `bits` bits behind the point; `end` is what lies behind the table."""
    knots = sigmoid_knots().astype(np.int64)
    index = np.minimum(distance >> bits, 254)
    below, above = knots[index], knots[index + 1]
    return np.where(distance >> bits >= 255, end, (below << bits) + (distance & ((1 << bits) - 1)) * (above - below))


def _saturating(call: Call, function: Callable[[Integers], Integers]) -> Kernel:
    """Make a kernel on int8 from a function of Q4.27, which has its limits where that ends."""
    source = call.source()
    multiplier = quantisation.quantise_multiplier(float(quantisation.scale_of(source)) * 2**27)
    radius = quantisation.input_radius(4, multiplier.shift)
    x = np.arange(-128, 128) - quantisation.zero_point_of(source)
    inside = function(multiply(x, *multiplier))
    table = np.where(x <= -radius, -128, np.where(x >= radius, 127, inside)).clip(-128, 127).astype(np.int8)
    return lambda values: table[values.astype(np.int64) + 128]


def _element_wise(call: Call, function: Callable[[Integers], Integers]) -> Kernel:
    """Make a kernel from a function of integers without their zero points."""
    subtract = quantisation.zero_point_of(call.source())
    output, zero_point = call.output, quantisation.zero_point_of(call.output)
    limits = np.iinfo(output.dtype)

    def run(values: NDArray[Any]) -> NDArray[Any]:
        return (
            (function(values.astype(np.int64) - subtract) + zero_point)
            .clip(limits.min, limits.max)
            .astype(output.dtype)
        )

    return run
