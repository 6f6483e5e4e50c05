"""Operators whose function of one number is a table that Python fills, by the NumPy kernel itself."""

import numpy as np

from edgeasr.tflite import quantisation
from edgeasr.tflite.model import Operator
from edgeasr.tflite.tables import softmax_exponentials
from edgeasr_firmware.codegen.lower import Lowering
from edgeasr_firmware.codegen.operators.recurrent import sigmoid_fields

__all__ = ["activation", "dequantize", "quantize", "relu", "saturating", "softmax"]


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
    """Lower RELU and RELU6 of int8 or int16."""
    source = lowering.expect(operator.inputs[0], "INT8", "INT16")
    if source.type == "INT8":
        activation(lowering, operator)
        return
    if operator.name == "RELU":
        _convert(lowering, operator, "ea_rescale_s16", quantisation.zero_point_of(lowering.tensor(operator.outputs[0])))
        return
    raise lowering.unsupported("INT16, expected INT8")


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
    else:
        _convert(lowering, operator, kernel, None)


def dequantize(lowering: Lowering, operator: Operator) -> None:
    """Lower DEQUANTIZE to floats."""
    source = lowering.expect(operator.inputs[0], "INT8", "INT16")
    _convert(lowering, operator, f"ea_dequantise_s{8 * source.dtype.itemsize}", None)


def _convert(lowering: Lowering, operator: Operator, kernel: str, lo: int | None) -> None:
    source, output = lowering.tensor(operator.inputs[0]), lowering.tensor(operator.outputs[0])
    multiplier = quantisation.Multiplier(0, 0)
    fields = {}
    if "FLOAT32" in (source.type, output.type):
        integers = output if source.type == "FLOAT32" else source
        fields["scale"] = f"{float(quantisation.scale_of(integers)).hex()}f"
    else:
        multiplier = quantisation.requantisation(source, output)
    if output.type != "FLOAT32":
        limits = np.iinfo(output.dtype)
        fields.update(lo=limits.min if lo is None else lo, hi=limits.max)
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
    """Lower SOFTMAX."""
    source = lowering.expect(operator.inputs[0], "INT8")
    lowering.expect(operator.outputs[0], "INT8")
    depth = source.shape[-1]
    exponentials = np.trim_zeros(softmax_exponentials(source, operator.options["beta"]), "b")
    params = lowering.program.struct(
        "softmax", "ea_softmax_t",
        exponentials=lowering.program.table("exponentials", exponentials),
        count=len(exponentials), rows=int(np.prod(source.shape)) // depth, depth=depth,
    )  # fmt: skip
    lowering.step(
        "ea_softmax", f"ea_softmax_s8(&{params}, {{a}}, {{out}})", operator.inputs, operator.outputs[0], in_place=True
    )
