"""CONV_2D and DEPTHWISE_CONV_2D."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import multiply, multiply_wide, wrap
from edgeasr.tflite.kernels.call import Call, Kernel, clamped, limited
from edgeasr.tflite.kernels.windows import windows

__all__ = ["accumulates_wide", "conv", "depthwise_conv"]


def conv(call: Call) -> Kernel:
    """Make CONV_2D: weights [outputs, height, width, channels / groups]."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    outputs, height, width, depth = call.source(1).shape
    channels = call.source().shape[-1]
    if not depth or channels % depth or outputs % (channels // depth):
        raise ArtefactError(f"CONV_2D: weights {list(call.source(1).shape)} do not fit {channels} channels")
    groups = channels // depth
    area = windows(call, (height, width))
    zero_point = quantisation.zero_point_of(call.source())
    # Sums of integers are exact in double: they stay far below 2^53.
    dtype = np.float32 if call.is_float() else np.float64

    def products(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
        shape = (image.shape[0], area.height.count, area.width.count, outputs)
        total = np.zeros((groups, shape[0] * shape[1] * shape[2], outputs // groups), dtype)
        matrices = weights.astype(dtype).reshape(groups, outputs // groups, height, width, depth)
        for row, column, seen in area.taps(image.astype(dtype) - zero_point, 0):
            grouped = seen.reshape(-1, groups, depth).swapaxes(0, 1)
            total += grouped @ matrices[:, :, row, column].swapaxes(1, 2)
        return total.swapaxes(0, 1).reshape(shape)

    return _finished(call, outputs, products)


def depthwise_conv(call: Call) -> Kernel:
    """Make DEPTHWISE_CONV_2D: weights [1, height, width, channels * multiplier]."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    _, height, width, outputs = call.source(1).shape
    channels = call.source().shape[-1]
    if not channels or outputs % channels:
        raise ArtefactError(f"DEPTHWISE_CONV_2D: weights {list(call.source(1).shape)} do not fit {channels} channels")
    area = windows(call, (height, width))
    zero_point = quantisation.zero_point_of(call.source())
    dtype = np.float32 if call.is_float() else np.int64

    def products(image: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
        shape = (image.shape[0], area.height.count, area.width.count, channels, outputs // channels)
        total = np.zeros(shape, dtype)
        filters = weights.astype(dtype).reshape(height, width, channels, -1)
        for row, column, seen in area.taps(image.astype(dtype) - zero_point, 0):
            total += seen[..., None] * filters[row, column]
        return total.reshape(*shape[:3], outputs)

    return _finished(call, outputs, products)


def _finished(call: Call, channels: int, products: Any) -> Kernel:
    """Make the kernel from its sums of products: bias, scale, zero point and activation are added."""
    if call.is_float():
        limit = limited(call)
        return lambda image, weights, bias=None: limit(products(image, weights) + (0 if bias is None else bias))
    multiplier = quantisation.convolution(call.source(), call.source(1), call.output, channels)
    clamp = clamped(call)
    wide = accumulates_wide(call)

    def run(image: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any] | None = None) -> NDArray[Any]:
        total = products(image, weights).astype(np.int64)
        if bias is not None:
            total += bias
        return clamp(multiply_wide(total, *multiplier) if wide else multiply(wrap(total), *multiplier))

    return run


def accumulates_wide(call: Call) -> bool:
    """Tell whether TFLM sums in 64 bits, and then uses 16 bits of the multiplier: int16, but for a bias of int32."""
    bias = call.inputs[2] if len(call.inputs) > 2 else None
    return call.source().dtype == np.int16 and (bias is None or bias.dtype != np.int32)
