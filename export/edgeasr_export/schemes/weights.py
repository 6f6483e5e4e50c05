"""Small integers as weights only, computed in float: a smaller file at nearly float accuracy, no faster."""

from functools import partial
from pathlib import Path

from edgeasr_export.schemes import onnx, tflite
from edgeasr_export.schemes.scheme import Plan, Scheme

__all__ = ["INT4_WEIGHTS", "INT8_WEIGHTS"]


def _tflite(bits: int, source: Path, target: Path, plan: Plan) -> None:
    tflite.quantise(source, target, plan, tflite.integer_weights(bits=bits, compute_in_float=True))


INT8_WEIGHTS = Scheme(
    quantise={"tflite": partial(_tflite, 8), "onnx": onnx.quantise_weights}, min_agreement=0.95, weight_bits=8
)
INT4_WEIGHTS = Scheme(quantise={"tflite": partial(_tflite, 4)}, min_agreement=0.8, weight_bits=4)
