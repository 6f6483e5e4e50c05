"""QUANTIZE and DEQUANTIZE."""

import numpy as np

from edgeasr.errors import ArtefactError
from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import multiply, round_half_away
from edgeasr.tflite.kernels.call import Call, Kernel, clamped

__all__ = ["dequantize", "quantize"]


def quantize(call: Call) -> Kernel:
    """Make QUANTIZE: from floats, halves away from zero, or from one scale to another."""
    source, clamp = call.source(), clamped(call)
    if source.dtype.kind == "f":
        scale = quantisation.scale_of(call.output)
        limits = np.iinfo(np.int32)
        return lambda x: clamp(round_half_away((x / scale).astype(np.float64)).clip(limits.min, limits.max))
    multiplier = quantisation.requantisation(source, call.output)
    zero_point = quantisation.zero_point_of(source)
    return lambda x: clamp(multiply(x.astype(np.int64) - zero_point, *multiplier))


def dequantize(call: Call) -> Kernel:
    """Make DEQUANTIZE, of weights that are stored as integers too; from float16 it is a conversion."""
    source = call.source()
    if source.dtype.kind == "f":
        return lambda x: x.astype(np.float32)
    if source.scale is None or source.zero_point is None:
        raise ArtefactError(f"DEQUANTIZE: tensor {source.index} ({source.name}) has no scale: quantise it again")
    along = [-1 if axis == source.quantised_dimension else 1 for axis in range(len(source.shape))]
    scale, zero_point = source.scale, source.zero_point
    if scale.size > 1:
        scale, zero_point = scale.reshape(along), zero_point.reshape(along)
    return lambda x: (x.astype(np.int64) - zero_point).astype(np.float32) * scale
