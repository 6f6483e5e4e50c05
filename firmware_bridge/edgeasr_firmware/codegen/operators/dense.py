"""Convolution, depthwise convolution and fully connected layers: the fast kernels of int8."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator, Tensor
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.operators.general import general
from edgeasr_firmware.codegen.operators.window import step_each_image, window_fields

__all__ = ["convolution", "depthwise", "fully_connected"]

_TILE = 4  # EA_TILE of ea_dense.h
_MOST_BAND_CHANNELS = 9362  # 7 times that many fits 16 bits
_BAND_BYTES = 2048  # what a band may take, if more than its least number of rows


def convolution(lowering: Lowering, operator: Operator) -> None:
    """Lower CONV_2D; with a kernel of 1x1 and no strides it is a matrix product."""
    source, weights, output = _three(lowering, operator)
    channels, kernel_h, kernel_w, in_c = weights.shape
    depth, pixels = kernel_h * kernel_w * in_c, int(np.prod(output.shape[:3]))
    rows = lowering.constant(operator.inputs[1]).reshape(channels, depth)
    if in_c != source.shape[3] or not _is_fast(lowering, operator, rows):
        general(lowering, operator)
        return
    dense = _dense(lowering, operator, rows)
    window = window_fields(operator, source, output, (kernel_h, kernel_w))
    if depth == in_c and window["stride_h"] == window["stride_w"] == 1:
        _matrix(lowering, operator, dense, pixels)
        return
    params = lowering.program.struct(
        "conv", "ea_conv_t", dense="{" + ", ".join(f".{name} = {value}" for name, value in dense.items()) + "}",
        **window, in_c=in_c, in_zero_point=quantisation.zero_point_of(source),
    )  # fmt: skip
    scratch_bytes = _TILE * _column_bytes(depth, channels) + depth
    macs = pixels // source.shape[0] * channels * depth
    step_each_image(lowering, operator, "ea_conv", f"ea_conv_s8(&{params}", scratch_bytes, macs=macs)


def fully_connected(lowering: Lowering, operator: Operator) -> None:
    """Lower FULLY_CONNECTED."""
    source, weights, _ = _three(lowering, operator)
    if not _is_fast(lowering, operator, lowering.constant(operator.inputs[1])):
        general(lowering, operator)
        return
    dense = _dense(lowering, operator, lowering.constant(operator.inputs[1]))
    _matrix(lowering, operator, dense, int(np.prod(source.shape)) // weights.shape[1])


def depthwise(lowering: Lowering, operator: Operator) -> None:
    """Lower DEPTHWISE_CONV_2D; without multiplier and dilation through bands of rows, and then maybe in place."""
    source, weights, output = _three(lowering, operator)
    _, kernel_h, kernel_w, channels = weights.shape
    by_channel = lowering.constant(operator.inputs[1]).reshape(-1, channels).T
    window = window_fields(operator, source, output, (kernel_h, kernel_w))
    dilated = (window.pop("dilation_h"), window.pop("dilation_w")) != (1, 1)
    plain = channels == source.shape[3] <= _MOST_BAND_CHANNELS and not dilated
    if not plain or not _is_fast(lowering, operator, by_channel):
        general(lowering, operator)
        return
    out_w, stride_h = int(window["out_w"]), int(window["stride_h"])
    length = (out_w - 1) * int(window["stride_w"]) + kernel_w

    def scratch_bytes(rows: int) -> int:
        return 4 * rows * out_w + 2 * ((rows - 1) * stride_h + kernel_h) * length

    fitting = [rows for rows in range(2, window["out_h"] + 1) if scratch_bytes(rows) <= _BAND_BYTES]
    band_rows = max(fitting, default=1)
    params = lowering.program.struct(
        "depthwise", "ea_depthwise_t", weights=_weights(lowering, by_channel.T),
        **_common(lowering, operator, by_channel), **window, in_c=channels, band_rows=band_rows,
        in_zero_point=quantisation.zero_point_of(source),
    )  # fmt: skip
    in_place = source.shape == output.shape and stride_h == window["stride_w"] == 1
    macs = int(np.prod(output.shape[1:])) * kernel_h * kernel_w
    step_each_image(
        lowering, operator, "ea_depthwise", f"ea_depthwise_s8(&{params}", scratch_bytes(band_rows),
        in_place=in_place, macs=macs,
    )  # fmt: skip


def _three(lowering: Lowering, operator: Operator) -> tuple[Tensor, Tensor, Tensor]:
    source = lowering.expect(operator.inputs[0], "INT8", "INT16")
    weights = lowering.expect(operator.inputs[1], "INT8", "INT4")
    return source, weights, lowering.expect(operator.outputs[0], source.type)


def _matrix(lowering: Lowering, operator: Operator, dense: dict[str, Any], rows: int) -> None:
    params = lowering.program.struct("dense", "ea_dense_t", **dense)
    channels, depth = dense["channels"], dense["depth"]
    tile = 1 if rows < _TILE else _TILE
    lowering.step(
        "ea_dense", f"ea_dense_s8(&{params}, {rows}, {{a}}, {{out}}, {{scratch}})",
        operator.inputs[:1], operator.outputs[0],
        scratch_bytes=tile * _column_bytes(depth, channels), in_place=channels <= depth, macs=rows * channels * depth,
    )  # fmt: skip


def _multiplier(lowering: Lowering, operator: Operator, channels: int) -> quantisation.Multiplier:
    source, weights = (lowering.tensor(index) for index in operator.inputs[:2])
    return quantisation.convolution(source, weights, lowering.tensor(operator.outputs[0]), channels)


def _is_fast(lowering: Lowering, operator: Operator, weights: NDArray[np.int8]) -> bool:
    """Tell whether the fast kernels can compute a layer: int8, and no sum leaves 32 bits, proved from its weights.

    Args:
        lowering: gives the tensors.
        operator: the layer.
        weights: int8 [channels, products of one output].
    """
    source, kernel = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.inputs[1])
    if source.type != "INT8" or (kernel.zero_point is not None and kernel.zero_point.any()):
        return False
    zero_point, bias = quantisation.zero_point_of(source), lowering.bias(operator, len(weights))
    sums = np.abs(weights.astype(np.int64)).sum(1)
    left = np.maximum(_multiplier(lowering, operator, len(weights)).shift, 0)
    reached = np.abs(bias) + max(128 + zero_point, 127 - zero_point) * sums
    on_the_way = np.abs(_folded(weights, bias, zero_point)) + 128 * sums
    return bool(((reached << (left + 1)) < 2**31).all() and (on_the_way < 2**31).all())


def _folded(weights: NDArray[np.int8], bias: NDArray[np.int64], zero_point: int) -> NDArray[np.int64]:
    """Fold the input's zero point into the bias."""
    folded: NDArray[np.int64] = bias - zero_point * weights.astype(np.int64).sum(1)
    return folded


def _dense(lowering: Lowering, operator: Operator, weights: NDArray[np.int8]) -> dict[str, Any]:
    """Give the fields of an ea_dense_t for int8 weights [channels, depth]."""
    channels, depth = weights.shape
    down = int((_multiplier(lowering, operator, channels).shift < 0).all())
    common = _common(lowering, operator, weights)
    return {"weights": _weights(lowering, weights), **common, "channels": channels, "depth": depth, "down": down}


def _weights(lowering: Lowering, weights: NDArray[np.int8]) -> str:
    """Write weights into a table, and 15 zeros behind them, so that the last can be loaded as a vector."""
    return lowering.program.table("weights", np.concatenate([weights.reshape(-1), np.zeros(15, np.int8)]))


def _common(lowering: Lowering, operator: Operator, weights: NDArray[np.int8]) -> dict[str, Any]:
    """Give what layers have behind their sums, for int8 weights [channels, products of one output]."""
    source, output = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.outputs[0])
    multiplier, bias = _multiplier(lowering, operator, len(weights)), lowering.bias(operator, len(weights))
    zero_point = quantisation.zero_point_of(output)
    activation = operator.options["fused_activation_function"]
    lo, hi = quantisation.activation_range(activation, quantisation.scale_of(output), zero_point, output.dtype)
    table = lowering.program.table
    return {
        "bias": table("bias", _folded(weights, bias, quantisation.zero_point_of(source)).astype(np.int32)),
        "multiplier": table("multiplier", multiplier.value.astype(np.int32)),
        "shift": table("shift", multiplier.shift.astype(np.int8)),
        "zero_point": zero_point,
        "lo": lo,
        "hi": hi,
    }


def _column_bytes(depth: int, channels: int) -> int:
    """Count the scratch memory of one column, as ea_dense.h says."""
    return -(-depth // 16) * 32 + 4 * channels
