"""Dynamic int8: int8 weights, activations quantised as they come, no calibration."""

from pathlib import Path

from edgeasr_export.schemes import onnx, tflite
from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["DYNAMIC"]


def _tflite(source: Path, target: Path, plan: Plan) -> None:
    tflite.quantise(source, target, plan, tflite.integer_weights(bits=8, compute_in_float=False))


def _onnx(source: Path, target: Path, plan: Plan) -> None:
    import onnx as onnx_package
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kept = onnx.nodes_of(onnx_package.load(source).graph, plan.keep_float)
    # unsigned weights of one scale, because ONNX Runtime has no ConvInteger for signed ones, nor for one a channel
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8, nodes_to_exclude=kept)


DYNAMIC = Scheme(quantise={"tflite": _tflite, "onnx": _onnx}, min_agreement=0.9, weight_bits=8)
