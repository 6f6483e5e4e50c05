"""Operators whose function of one number is a table that Python fills, by the NumPy kernel itself."""

from typing import Any

import numpy as np

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator
from edgeasr.tflite.tables import exponential_knots, reciprocal_knots, softmax_exponentials
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.operators.recurrent import sigmoid_fields
from edgeasr_firmware.codegen.write import float_c

__all__ = ["activation", "dequantize", "quantize", "relu", "saturating", "softmax"]

_NONE = quantisation.Multiplier(0, 0)


def activation(lowering: Lowering, operator: Operator) -> None:
    """Lower a function of one byte to one byte: LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU, QUANTIZE .."""
    source = lowering.expect(operator.inputs[0], "INT8", "UINT8")
    lowering.expect(operator.outputs[0], "INT8", "UINT8")
    every = np.arange(256, dtype=np.uint8).view(source.dtype)
    results = lowering.kernel(operator)(every).astype(lowering.tensor(operator.outputs[0]).dtype)
    table = lowering.program.table("lookup", results.view(np.uint8))
    count = int(np.prod(source.shape))
    lowering.step(
        "ea_lookup", f"ea_lookup({table}, {count}, {{a}}, {{out}})", operator.inputs, operator.outputs[0],
        in_place=True,
    )  # fmt: skip


def saturating(lowering: Lowering, operator: Operator) -> None:
    """Lower LOGISTIC and TANH: a table of int8, or between the knots of one of int16."""
    source = lowering.expect(operator.inputs[0], "INT8", "INT16")
    if source.type == "INT8":
        activation(lowering, operator)
        return
    place = sigmoid_fields(lowering, quantisation.lut_input(source, operator.name))
    params, count = lowering.program.struct("sigmoid", "ea_sigmoid_t", **place), int(np.prod(source.shape))
    code = f"ea_{operator.name.lower()}_s16(&{params}, {count}, {{a}}, {{out}})"
    lowering.step("ea_sigmoid", code, operator.inputs, operator.outputs[0], in_place=True)


def relu(lowering: Lowering, operator: Operator) -> None:
    """Lower RELU, RELU6 and LEAKY_RELU of int8 or int16, and the first two of floats."""
    source, output = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.outputs[0])
    if source.type == "FLOAT32" and operator.name != "LEAKY_RELU":
        limits = ", ".join(map(float_c, quantisation.activation_limits(operator.name)))
        code = f"ea_limit_f32({int(np.prod(source.shape))}, {limits}, {{a}}, {{out}})"
        lowering.step("ea_float", code, operator.inputs, operator.outputs[0], in_place=True)
        return
    lowering.expect(operator.inputs[0], "INT8", "INT16")
    zero_point = quantisation.zero_point_of(output)
    if source.type == "INT8":
        activation(lowering, operator)
    elif operator.name == "LEAKY_RELU":
        positive, negative = quantisation.leaky_relu(source, output, operator.options["alpha"])
        _convert(lowering, operator, "ea_leaky_s16", positive, negative_multiplier=negative.value,
                 negative_shift=negative.shift)  # fmt: skip
    elif operator.name == "RELU6":  # its output has the scale of its input
        scale = quantisation.scale_of(source)
        lo, hi = quantisation.activation_range("RELU6", scale, quantisation.zero_point_of(source), source.dtype)
        _convert(lowering, operator, "ea_rescale_s16", quantisation.quantise_multiplier(1.0), lo=lo, hi=hi)
    else:
        _convert(lowering, operator, "ea_rescale_s16", quantisation.requantisation(source, output), lo=zero_point)


def quantize(lowering: Lowering, operator: Operator) -> None:
    """Lower QUANTIZE: from floats, or from one integer scale to another."""
    source, output = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.outputs[0])
    kernels = {
        ("FLOAT32", "INT8"): "ea_quantise_s8",
        ("FLOAT32", "INT16"): "ea_quantise_s16",
        ("INT8", "INT16"): "ea_rescale_s8_s16",
        ("INT16", "INT8"): "ea_rescale_s16_s8",
        ("INT16", "INT16"): "ea_rescale_s16",
    }
    kernel = kernels.get((source.type, output.type))
    if kernel is None:
        activation(lowering, operator)
    elif source.type == "FLOAT32":
        _convert(lowering, operator, kernel, scale=float_c(float(quantisation.scale_of(output))))
    else:
        _convert(lowering, operator, kernel, quantisation.requantisation(source, output))


def dequantize(lowering: Lowering, operator: Operator) -> None:
    """Lower DEQUANTIZE to floats."""
    source = lowering.expect(operator.inputs[0], "INT8", "INT16")
    kernel = f"ea_dequantise_s{8 * source.dtype.itemsize}"
    _convert(lowering, operator, kernel, scale=float_c(float(quantisation.scale_of(source))))


def _convert(
    lowering: Lowering, operator: Operator, kernel: str,
    multiplier: quantisation.Multiplier = _NONE, **fields: Any,
) -> None:  # fmt: skip
    source, output = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.outputs[0])
    if output.type != "FLOAT32":
        limits = np.iinfo(output.dtype)
        fields = {"lo": limits.min, "hi": limits.max, **fields}
    params = lowering.program.struct(
        "convert", "ea_convert_t", count=int(np.prod(source.shape)), multiplier=multiplier.value,
        shift=multiplier.shift, in_zero_point=quantisation.zero_point_of(source),
        out_zero_point=quantisation.zero_point_of(output), **fields,
    )  # fmt: skip
    lowering.step(
        "ea_convert", f"{kernel}(&{params}, {{a}}, {{out}})", operator.inputs, operator.outputs[0],
        in_place=output.dtype.itemsize <= source.dtype.itemsize,
    )  # fmt: skip


def softmax(lowering: Lowering, operator: Operator) -> None:
    """Lower SOFTMAX of int8 to int8 or int16, or of int16."""
    source, output = lowering.expect(operator.inputs[0], "INT8", "INT16"), lowering.tensor(operator.outputs[0])
    lowering.expect(operator.outputs[0], *(("INT8", "INT16") if source.type == "INT8" else ("INT16",)))
    table, beta, depth = lowering.program.table, operator.options["beta"], source.shape[-1]
    sizes = {"rows": int(np.prod(source.shape)) // depth, "depth": depth}
    if source.type == "INT8":
        exponentials = np.trim_zeros(softmax_exponentials(source, beta), "b")
        tables = {"exponentials": table("exponentials", exponentials), "count": len(exponentials)}
        params = lowering.program.struct("softmax", "ea_softmax_t", **tables, **sizes)
    else:
        multiplier = quantisation.softmax(source, beta)
        tables = {
            "exponentials": table("exponentials", exponential_knots()),
            "reciprocals": table("reciprocals", reciprocal_knots()),
        }
        params = lowering.program.struct(
            "softmax", "ea_softmax_wide_t", **tables, multiplier=multiplier.value, shift=multiplier.shift, **sizes
        )
    kernel = {("INT8", "INT8"): "s8", ("INT8", "INT16"): "s8_s16"}.get((source.type, output.type), "s16")
    lowering.step(
        "ea_softmax", f"ea_softmax_{kernel}(&{params}, {{a}}, {{out}})", operator.inputs, operator.outputs[0],
        in_place=source.type == output.type,
    )  # fmt: skip
