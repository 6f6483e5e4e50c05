"""FULLY_CONNECTED."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import multiply, multiply_wide, wrap
from edgeasr.tflite.kernels.call import Call, Kernel, clamped, limited

__all__ = ["fully_connected"]


def fully_connected(call: Call) -> Kernel:
    """Make FULLY_CONNECTED: weights [outputs, inputs]."""
    call.expect_types("FLOAT32", "INT8", "INT16")
    outputs, size = call.source(1).shape
    shape = call.output.shape
    if call.is_float():
        limit = limited(call)

        def run_float(x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any] | None = None) -> NDArray[Any]:
            return limit(x.reshape(-1, size) @ weights.T + (0 if bias is None else bias)).reshape(shape)

        return run_float
    multiplier = quantisation.convolution(call.source(), call.source(1), call.output, outputs)
    zero_points = quantisation.zero_point_of(call.source()), quantisation.zero_point_of(call.source(1))
    clamp = clamped(call)
    wide = call.source().dtype == np.int16

    def run(x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any] | None = None) -> NDArray[Any]:
        # exact in double: sums stay far below 2^53
        rows = x.reshape(-1, size).astype(np.float64) - zero_points[0]
        total = (rows @ (weights.astype(np.float64) - zero_points[1]).T).astype(np.int64)
        if bias is not None:
            total += bias
        scaled = multiply_wide(total, *multiplier) if wide else multiply(wrap(total), *multiplier)
        return clamp(scaled).reshape(shape)

    return run
