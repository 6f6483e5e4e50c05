"""int8 weights and int16 activations: nearly float accuracy in integers, for models that lose too much at int8.

ONNX Runtime has no such kernels on the CPU.
"""

from pathlib import Path

from edgeasr_export.schemes import tflite
from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["INT16X8"]


def _tflite(source: Path, target: Path, plan: Plan) -> None:
    tflite.quantise(source, target, plan, tflite.integers(activation_bits=16))


INT16X8 = Scheme(quantise={"tflite": _tflite}, min_agreement=0.95, weight_bits=8, activation_bits=16)
