"""Dynamic int8: int8 weights, activations quantised as they come, no calibration."""

from pathlib import Path

from edgeasr_export.schemes import tflite
from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["DYNAMIC"]


def _tflite(source: Path, target: Path, plan: Plan) -> None:
    tflite.quantise(source, target, plan, tflite.integer_weights(bits=8, compute_in_float=False))


def _onnx(source: Path, target: Path, plan: Plan) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # unsigned weights, because ONNX Runtime has no ConvInteger for signed ones
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8)


DYNAMIC = Scheme(quantise={"tflite": _tflite, "onnx": _onnx}, min_agreement=0.9)
