"""Operators that move values and compute nothing: shapes, slices, padding, concatenation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite import quantisation
from edgeasr.tflite.kernels.call import Call, Kernel, check_size

__all__ = [
    "batch_to_space",
    "concatenation",
    "pack",
    "pad",
    "reshape",
    "shape",
    "slice_",
    "space_to_batch",
    "split",
    "split_v",
    "strided_slice",
    "transpose",
    "unpack",
]


def reshape(call: Call) -> Kernel:
    """Make RESHAPE, SQUEEZE and EXPAND_DIMS: the file says the shape of the output."""
    sizes = call.output.shape
    return lambda x, *_: x.reshape(sizes)


def shape(call: Call) -> Kernel:
    """Make SHAPE, with which converters keep the batch open; here it is what the file says."""
    sizes = np.array(call.source().shape, call.output.dtype)
    return lambda _: sizes


def transpose(call: Call) -> Kernel:
    """Make TRANSPOSE."""
    order = call.constant(1).tolist()
    return lambda x, _: x.transpose(order)


def concatenation(call: Call) -> Kernel:
    """Make CONCATENATION; all inputs have the scale of the output."""
    axis = call.option("axis")
    if call.option("fused_activation_function") != "NONE":
        raise ArtefactError("CONCATENATION: expected no fused activation, as in TFLM: export it again")
    return lambda *parts: np.concatenate(parts, axis)


def pack(call: Call) -> Kernel:
    """Make PACK: stack inputs along a new dimension."""
    axis = call.option("axis")
    return lambda *parts: np.stack(parts, axis)


def unpack(call: Call) -> Kernel:
    """Make UNPACK: one output for every index of a dimension."""
    axis = call.option("axis")
    return lambda x: tuple(np.moveaxis(x, axis, 0))


def split(call: Call) -> Kernel:
    """Make SPLIT: equal parts; the axis is the first input."""
    axis, count = int(call.constant(0).reshape(-1)[0]), call.option("num_splits")
    return lambda _, x: tuple(np.split(x, count, axis))


def split_v(call: Call) -> Kernel:
    """Make SPLIT_V: parts of the sizes in the second input, one of which may be -1 for what is left."""
    axis, sizes = int(call.constant(2).reshape(-1)[0]), call.constant(1).astype(np.int64)
    rest = call.source().shape[axis] - sizes[sizes >= 0].sum()
    ends = np.where(sizes < 0, rest, sizes).cumsum()[:-1].tolist()
    return lambda x, *_: tuple(np.split(x, ends, axis))


def slice_(call: Call) -> Kernel:
    """Make SLICE: from `begin`, `size` elements, -1 for all that follow."""
    begin, size = call.constant(1).tolist(), call.constant(2).tolist()
    parts = tuple(slice(first, None if count < 0 else first + count) for first, count in zip(begin, size, strict=True))
    return lambda x, *_: x[parts]


def strided_slice(call: Call) -> Kernel:
    """Make STRIDED_SLICE, TensorFlow's `x[begin:end:stride]` with its masks."""
    parts, sizes = _slices(call), call.output.shape
    return lambda x, *_: x[parts].reshape(sizes)


def _slices(call: Call) -> tuple[slice, ...]:
    """Give a slice for every dimension; one that is dropped afterwards has one element."""
    if call.option("ellipsis_mask") or call.option("new_axis_mask"):
        raise ArtefactError("STRIDED_SLICE: expected no ellipsis and no new axis, as in TFLM: write the slice out")
    begins, ends, strides = (call.constant(index).tolist() for index in (1, 2, 3))
    parts = []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        bit = 1 << axis
        if call.option("offset"):
            end += begin
        start = None if call.option("begin_mask") & bit else begin
        stop = None if call.option("end_mask") & bit else end
        if call.option("shrink_axis_mask") & bit:
            first = slice(start, None, stride).indices(call.source().shape[axis])[0]
            parts.append(slice(first, first + 1))
        else:
            parts.append(slice(start, stop, stride))
    return tuple(parts)


def pad(call: Call) -> Kernel:
    """Make PAD, with what stands for zero, and PADV2, with its third input."""
    sizes = call.constant(1).reshape(-1, 2).tolist()
    check_size(tuple(size + sum(pair) for size, pair in zip(call.source().shape, sizes, strict=True)))
    zero = quantisation.zero_point_of(call.output)
    return lambda x, _, fill=None: np.pad(x, sizes, constant_values=zero if fill is None else fill.reshape(()))


def space_to_batch(call: Call) -> Kernel:
    """Make SPACE_TO_BATCH_ND: pad, then move blocks of the dimensions after the first into the batch."""
    block, sizes = call.constant(1).tolist(), call.constant(2).tolist()
    source = call.source().shape
    sizes = [[0, 0], *sizes, *[[0, 0]] * (len(source) - 1 - len(block))]
    check_size(tuple(size + sum(pair) for size, pair in zip(source, sizes, strict=True)))
    zero, output_shape, count = quantisation.zero_point_of(call.output), call.output.shape, len(block)

    def run(x: NDArray[Any], *_: Any) -> NDArray[Any]:
        padded = np.pad(x, sizes, constant_values=zero)
        batch, rest = padded.shape[0], padded.shape[1 + count :]
        inner = [size for axis, step in enumerate(block) for size in (padded.shape[1 + axis] // step, step)]
        blocks = padded.reshape(batch, *inner, *rest)
        order = [*range(2, 1 + 2 * count, 2), 0, *range(1, 1 + 2 * count, 2), *range(1 + 2 * count, blocks.ndim)]
        return blocks.transpose(order).reshape(output_shape)

    return run


def batch_to_space(call: Call) -> Kernel:
    """Make BATCH_TO_SPACE_ND: the reverse of SPACE_TO_BATCH_ND, with crops instead of padding."""
    block, crops = call.constant(1).tolist(), call.constant(2).tolist()
    count = len(block)

    def run(x: NDArray[Any], *_: Any) -> NDArray[Any]:
        inner, rest = x.shape[1 : 1 + count], x.shape[1 + count :]
        blocks = x.reshape(*block, -1, *inner, *rest)
        order = [count, *(axis for pair in range(count) for axis in (count + 1 + pair, pair))]
        order += range(2 * count + 1, blocks.ndim)
        sizes = [size * step for size, step in zip(inner, block, strict=True)]
        spread = blocks.transpose(order).reshape(-1, *sizes, *rest)
        kept = [slice(before, size - after) for size, (before, after) in zip(sizes, crops, strict=True)]
        return spread[(slice(None), *kept)]

    return run
