"""Convolutions and fully connected layers that the fast kernels leave out."""

from typing import Any

import numpy as np

from edgeasr.tflite import quantisation
from edgeasr.tflite.kernels.convolution import accumulates_wide
from edgeasr.tflite.model import Operator
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.operators.window import step_each_image, window_fields

__all__ = ["general"]


def general(lowering: Lowering, operator: Operator) -> None:
    """Lower CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED of int8 or int16 with any weights."""
    source, kernel = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.inputs[1])
    output, weights = lowering.tensor(operator.outputs[0]), lowering.constant(operator.inputs[1])
    if kernel.zero_point is not None and kernel.zero_point.any():
        raise lowering.unsupported("weights with a zero point, expected symmetric ones")
    fields, channels = _shape(lowering, operator)
    multiplier = quantisation.convolution(source, kernel, output, channels)
    zero_point = quantisation.zero_point_of(output)
    lo, hi = quantisation.activation_range(
        operator.options["fused_activation_function"], quantisation.scale_of(output), zero_point, output.dtype
    )
    table = lowering.program.table
    params = lowering.program.struct(
        "general", "ea_general_t", weights=table("weights", weights),
        bias=table("bias", lowering.bias(operator, channels)),
        multiplier=table("multiplier", multiplier.value.astype(np.int32)),
        shift=table("shift", multiplier.shift.astype(np.int8)), **fields, out_c=channels,
        in_zero_point=quantisation.zero_point_of(source), zero_point=zero_point, lo=lo, hi=hi,
        wide=int(accumulates_wide(lowering.call(operator))),
    )  # fmt: skip
    macs = int(np.prod(output.shape)) // channels * weights.size
    kernel_name = f"ea_general_s{8 * source.dtype.itemsize}(&{params}"
    if operator.name == "FULLY_CONNECTED":
        code = f"{kernel_name}, {{a}}, {{out}})"
        lowering.step("ea_general", code, operator.inputs[:1], operator.outputs[0], macs=macs)
    else:
        step_each_image(lowering, operator, "ea_general", kernel_name, macs=macs // source.shape[0])


def _shape(lowering: Lowering, operator: Operator) -> tuple[dict[str, Any], int]:
    """Give what a kernel sees of the input and where its weights are, and count the output channels."""
    source, output = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.outputs[0])
    weights = lowering.tensor(operator.inputs[1])
    if operator.name == "FULLY_CONNECTED":
        channels, depth = weights.shape
        rows = int(np.prod(source.shape)) // depth
        sizes = {"in_h": rows, "out_h": rows}
        ones = dict.fromkeys(("in_w", "out_w", "kernel_h", "kernel_w", "stride_h", "stride_w"), 1)
        return {**sizes, **ones, "in_c": depth, "depth": depth, "group": channels, "step_out": depth,
                "step_in": 1}, channels  # fmt: skip
    is_depthwise = operator.name == "DEPTHWISE_CONV_2D"
    in_c, (outputs, height, width, last) = source.shape[3], weights.shape
    window = window_fields(operator, source, output, (height, width))
    if is_depthwise:
        steps = {"step_out": 1, "step_y": width * last, "step_x": last, "step_in": 0}
        return {**window, "in_c": in_c, "depth": 1, "group": last // in_c, **steps}, last
    steps = {"step_out": height * width * last, "step_y": width * last, "step_x": last, "step_in": 1}
    return {**window, "in_c": in_c, "depth": last, "group": outputs * last // in_c, **steps}, outputs
