"""Convolutions and dense layers as what they are: matrix products.

The kernel of each is seen as [groups, taps, channels, outputs]. A group is a set of input channels with outputs of its
own: there is one in most layers, and one for each channel in a depthwise convolution. Taps are the places of the
window. Input channels are numbered `group * channels + channel`, output channels `group * outputs + output`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.improve.kinds import DEPTHWISE

__all__ = ["assign_matrix", "channel_axes", "input_rows", "matrix"]

F32 = NDArray[np.float32]


def channel_axes(layer: Any) -> tuple[int, ...]:
    """Give the axes of the kernel that tell output channels apart."""
    return (-2, -1) if type(layer).__name__ in DEPTHWISE else (-1,)


def matrix(layer: Any) -> F32:
    """Read the kernel: float32 [groups, taps, channels, outputs]."""
    kernel = np.array(layer.kernel, np.float32)
    *_, channels, outputs = kernel.shape
    if type(layer).__name__ in DEPTHWISE:
        return kernel.reshape(-1, channels, 1, outputs).transpose(1, 0, 2, 3)
    groups = getattr(layer, "groups", 1)
    return kernel.reshape(-1, channels, groups, outputs // groups).transpose(2, 0, 1, 3)


def assign_matrix(layer: Any, values: F32) -> None:
    """Write the kernel, of the shape that `matrix` gives."""
    order = (1, 0, 2, 3) if type(layer).__name__ in DEPTHWISE else (1, 2, 0, 3)
    layer.kernel.assign(values.transpose(order).reshape(layer.kernel.shape))


def input_rows(layer: Any, inputs: F32) -> F32:
    """Cut what goes into a layer into what each of its products takes.

    Args:
        layer: the layer.
        inputs: float32 [clips, ..., channels].

    Returns:
        float32 [rows, groups, taps * channels], a row for each place of the output.
    """
    if type(layer).__name__ == "Dense":
        return inputs.reshape(-1, 1, inputs.shape[-1])
    axes = tuple(range(1, inputs.ndim - 1))
    strides, dilations = layer.strides, layer.dilation_rate
    reaches = [dilation * (size - 1) + 1 for size, dilation in zip(layer.kernel_size, dilations, strict=True)]
    inputs = np.pad(
        inputs, ((0, 0), *map(_padding, [layer.padding] * len(axes), [*inputs.shape[1:-1]], reaches, strides), (0, 0))
    )
    windows = np.lib.stride_tricks.sliding_window_view(inputs, reaches, axes)  # [clips, places..., channels, reach...]
    places = tuple(slice(None, None, stride) for stride in strides)
    taps = tuple(slice(None, None, dilation) for dilation in dilations)
    windows = windows[(slice(None), *places, slice(None), *taps)]
    groups = inputs.shape[-1] if type(layer).__name__ in DEPTHWISE else layer.groups
    rows = windows.reshape(-1, groups, inputs.shape[-1] // groups, math.prod(layer.kernel_size))
    return rows.swapaxes(2, 3).reshape(len(rows), groups, -1)


def _padding(kind: str, size: int, reach: int, stride: int) -> tuple[int, int]:
    """Give the zeros before and after an axis of `size` places, seen through a window that reaches over `reach`."""
    if kind == "causal":
        return reach - 1, 0
    missing = max(0, (-(-size // stride) - 1) * stride + reach - size) if kind == "same" else 0
    return missing // 2, missing - missing // 2
