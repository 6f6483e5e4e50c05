"""What the integer kernels need beside the weights, derived from scales and zero points: multipliers, shifts, limits.

The NumPy kernels compute with these numbers and the C generator writes them into its tables, so each is computed here
and nowhere else. Multipliers are derived in double, limits of activations in float32, as TFLM does: their last bit
depends on it.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from edgeasr.errors import ArtefactError
from edgeasr.tflite.model import Tensor

__all__ = [
    "AdditionConstants",
    "HardSwishConstants",
    "LutInput",
    "Multiplier",
    "activation_limits",
    "activation_range",
    "addition",
    "convolution",
    "hard_swish",
    "input_radius",
    "leaky_relu",
    "lut_input",
    "mean",
    "multiplication",
    "power_of_two",
    "quantisation_of",
    "quantise_multiplier",
    "requantisation",
    "scale_of",
    "softmax",
    "zero_point_of",
]


class Multiplier(NamedTuple):
    """A real number as value * 2^(shift - 31), value an int32; for several channels both are int64 [channels]."""

    value: Any
    shift: Any


def scale_of(tensor: Tensor) -> np.float32:
    """Give the one scale of a tensor.

    Raises:
        ArtefactError: it has none, or one for every channel.
    """
    if tensor.scale is None or tensor.scale.size != 1 or not tensor.scale[0]:
        raise ArtefactError(f"tensor {tensor.index} ({tensor.name}): expected one scale above 0: quantise it again")
    return np.float32(tensor.scale[0])


def zero_point_of(tensor: Tensor) -> int:
    """Give the one zero point of a tensor; 0 where it is not quantised."""
    return 0 if tensor.zero_point is None else int(tensor.zero_point[0])


def quantisation_of(tensor: Tensor) -> dict[str, Any]:
    """Describe the quantisation of a tensor as `Card.quantisation` has it."""
    description: dict[str, Any] = {"dtype": tensor.dtype.name}
    if tensor.scale is None or tensor.zero_point is None:
        return description
    return {**description, "scale": float(tensor.scale[0]), "zero_point": int(tensor.zero_point[0])}


def quantise_multiplier(real: float) -> Multiplier:
    """Write a real number with 31 bits: TFLite's `QuantizeMultiplier`. What is below 2^-32 becomes 0.

    Raises:
        ArtefactError: it is 2^31 or more.
    """
    mantissa, shift = math.frexp(real)
    value = int(math.copysign(math.floor(abs(mantissa) * 2**31 + 0.5), real))
    if abs(value) == 2**31:
        value, shift = value // 2, shift + 1
    if shift > 31:
        raise ArtefactError(f"expected scales with a ratio below 2^31, got {real:.3g}: quantise the model again")
    return Multiplier(value, shift) if value and shift >= -31 else Multiplier(0, 0)


def activation_range(activation: str, scale: np.float32, zero_point: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Find the smallest and largest quantised value that a fused activation lets pass.

    Args:
        activation: "NONE", "RELU", "RELU_N1_TO_1" or "RELU6".
        scale: of the output.
        zero_point: of the output.
        dtype: of the output.

    Raises:
        ArtefactError: it is another activation.
    """
    low, high = activation_limits(activation)
    whole = np.iinfo(dtype)

    def quantised(real: float) -> int:
        # std::round of a float32 quotient
        quotient = float(np.float32(real) / scale)
        return zero_point + int(math.copysign(math.floor(abs(quotient) + 0.5), quotient))

    return (
        whole.min if low == -math.inf else max(whole.min, quantised(low)),
        whole.max if high == math.inf else min(whole.max, quantised(high)),
    )


def activation_limits(activation: str) -> tuple[float, float]:
    """Give the smallest and largest real number that a fused activation lets pass, infinite where it has no limit.

    Raises:
        ArtefactError: it cannot be fused here.
    """
    limits = {"NONE": (-math.inf, math.inf), "RELU": (0.0, math.inf), "RELU_N1_TO_1": (-1.0, 1.0), "RELU6": (0.0, 6.0)}
    if activation not in limits:
        raise ArtefactError(f"expected a fused activation among {', '.join(limits)}, got {activation}")
    return limits[activation]


def convolution(source: Tensor, weights: Tensor, output: Tensor, channels: int) -> Multiplier:
    """Give the multiplier of every output channel of a convolution or fully connected layer, as int64 [channels]."""
    if weights.scale is None:
        raise ArtefactError(f"tensor {weights.index} ({weights.name}): expected quantised weights, got no scale")
    ratio = [float(scale_of(source)) * float(scale) / float(scale_of(output)) for scale in weights.scale]
    pairs = [quantise_multiplier(real) for real in ratio] * (channels if weights.scale.size == 1 else 1)
    values, shifts = np.array(pairs, np.int64).reshape(-1, 2).T
    return Multiplier(values, shifts)


def multiplication(first: Tensor, second: Tensor, output: Tensor) -> Multiplier:
    """Give the multiplier of an element-wise product."""
    return quantise_multiplier(float(scale_of(first)) * float(scale_of(second)) / float(scale_of(output)))


def requantisation(source: Tensor, output: Tensor) -> Multiplier:
    """Give the multiplier from one scale to another (QUANTIZE, RELU)."""
    return quantise_multiplier(float(scale_of(source)) / float(scale_of(output)))


def mean(source: Tensor, output: Tensor, count: int) -> Multiplier:
    """Give the multiplier from a sum of `count` elements to their mean in the output's scale."""
    value, shift = requantisation(source, output)
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    return Multiplier((value << spare) // count, shift - spare)


@dataclass(frozen=True)
class AdditionConstants:
    """A sum: both inputs, shifted left, are brought to twice the larger scale, added, and brought to the output's.

    Attributes:
        left_shift: of both inputs, before they are multiplied.
        first: multiplier of the first input.
        second: multiplier of the second input.
        output: multiplier of the sum.
    """

    left_shift: int
    first: Multiplier
    second: Multiplier
    output: Multiplier


def addition(first: Tensor, second: Tensor, output: Tensor) -> AdditionConstants:
    """Give the constants of ADD and SUB."""
    left_shift = 15 if output.dtype == np.int16 else 20
    scales = float(scale_of(first)), float(scale_of(second))
    twice = 2 * max(scales)
    total = twice / ((1 << left_shift) * float(scale_of(output)))
    return AdditionConstants(left_shift, *map(quantise_multiplier, (scales[0] / twice, scales[1] / twice, total)))


def leaky_relu(source: Tensor, output: Tensor, alpha: float) -> tuple[Multiplier, Multiplier]:
    """Give the multipliers of positive and of negative values."""
    negative = float(scale_of(source)) * alpha / float(scale_of(output))
    return requantisation(source, output), quantise_multiplier(negative)


@dataclass(frozen=True)
class HardSwishConstants:
    """Multipliers with 15 bits: `output` from the input, shifted left by 7, to the output; `gate` to x / 3."""

    output: Multiplier
    gate: Multiplier


def hard_swish(source: Tensor, output: Tensor) -> HardSwishConstants:
    """Give the constants of HARD_SWISH."""
    fine = float(scale_of(source)) / 128
    constants = HardSwishConstants(
        _with_15_bits(quantise_multiplier(fine / float(scale_of(output)))),
        _with_15_bits(quantise_multiplier(fine * 32768 / 3)),
    )
    if constants.output.shift > 0:
        raise ArtefactError("HARD_SWISH: expected an output scale above 1/128 of the input's: quantise it again")
    return constants


def _with_15_bits(multiplier: Multiplier) -> Multiplier:
    return Multiplier(min((multiplier.value + (1 << 15)) >> 16, 0x7FFF), multiplier.shift)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Find from which distance to its zero point a value is beyond the range of a function in fixed point."""
    largest = ((1 << integer_bits) - 1) * (1 << (31 - integer_bits))
    return int(largest // 2**left_shift) if left_shift >= 0 else largest << -left_shift


@dataclass(frozen=True)
class LutInput:
    """How an int16 input comes to the index of the sigmoid table: (x * factor + half) >> right_shift."""

    factor: int
    right_shift: int


def lut_input(source: Tensor, function: str) -> LutInput:
    """Give how "LOGISTIC" or "TANH" reads the sigmoid table in int16.

    A scale of 2^-12, and for TANH of 2^-11 too, is multiplied exactly; another has a multiplier of 15 bits.
    """
    scale = scale_of(source)
    power, exact = power_of_two(scale)
    left_shift = 12 + power
    if exact and left_shift in ((0,) if function == "LOGISTIC" else (0, 1)):
        return LutInput(3 << left_shift, 0)
    factor, right_shift = float(scale) * 4096 * 3, 0
    while factor <= 32767 / 2 and right_shift <= 30:
        factor, right_shift = factor * 2, right_shift + 1
    return LutInput(int(factor), right_shift)


def power_of_two(scale: np.float32) -> tuple[int, bool]:
    """Find the nearest power of two, and whether the scale is that but for a thousandth."""
    logarithm = np.log(scale) * (np.float32(1) / np.log(np.float32(2)))
    power = int(np.rint(logarithm))
    return power, bool(abs(logarithm - power) < 1e-3)


def softmax(source: Tensor, beta: float) -> Multiplier:
    """Give the multiplier of the differences to the largest input: to Q5.26 for int8, to 10/65535 for int16."""
    scale = float(scale_of(source))
    if source.dtype == np.int16:
        return quantise_multiplier(scale * beta / (10.0 / 65535.0))
    return quantise_multiplier(min(beta * scale * (1 << 26), 2.0**31 - 1))


subtraction = addition  # the name that the C generator uses
