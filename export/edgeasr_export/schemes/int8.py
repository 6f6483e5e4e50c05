"""Full int8: per-channel weights, per-tensor activations, calibrated on real features.

B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018);
https://ai.google.dev/edge/litert/models/quantization_spec.
"""

from pathlib import Path

from edgeasr_export.schemes import onnx, tflite
from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["INT8"]


def _tflite(source: Path, target: Path, plan: Plan) -> None:
    tflite.quantise(source, target, plan, tflite.integers(activation_bits=8))


INT8 = Scheme(quantise={"tflite": _tflite, "onnx": onnx.quantise}, min_agreement=0.9, weight_bits=8, activation_bits=8)
