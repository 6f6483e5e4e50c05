"""AVERAGE_POOL_2D and MAX_POOL_2D."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import quantisation
from edgeasr.tflite.kernels.call import Call, Kernel, limited
from edgeasr.tflite.kernels.windows import Windows, windows

__all__ = ["average_pool", "max_pool"]


def average_pool(call: Call) -> Kernel:
    """Make AVERAGE_POOL_2D: the mean of what of a window is inside the image, halves away from zero."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    area, limit = windows(call, (call.option("filter_height"), call.option("filter_width"))), _limit(call)
    counts = _sum(area, np.ones((1, *call.source().shape[1:3], 1), np.int64))
    if call.is_float():
        return lambda image: limit(_sum(area, image) / counts.astype(np.float32))

    def run(image: NDArray[Any]) -> NDArray[Any]:
        total = _sum(area, image.astype(np.int64))
        return limit(np.sign(total) * ((np.abs(total) + counts // 2) // counts))

    return run


def _sum(area: Windows, image: NDArray[Any]) -> NDArray[Any]:
    return functools.reduce(np.add, (seen for *_, seen in area.taps(image, 0)))


def max_pool(call: Call) -> Kernel:
    """Make MAX_POOL_2D."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    area, limit = windows(call, (call.option("filter_height"), call.option("filter_width"))), _limit(call)
    lowest = np.finfo(np.float32).min if call.is_float() else np.iinfo(call.output.dtype).min

    return lambda image: limit(functools.reduce(np.maximum, (seen for *_, seen in area.taps(image, lowest))))


def _limit(call: Call) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Make what limits to the activation: input and output have the same scale, so no zero point is added."""
    if call.is_float():
        return limited(call)
    output = call.output
    low, high = quantisation.activation_range(
        call.option("fused_activation_function"),
        quantisation.scale_of(output),
        quantisation.zero_point_of(output),
        output.dtype,
    )
    return lambda values: np.clip(values, low, high).astype(output.dtype)
