"""Dynamic int8: int8 weights, activations quantised as they come, no calibration."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.schemes.scheme import Scheme

__all__ = ["DYNAMIC"]


def _configure_tflite(converter: Any, calibration: NDArray[np.float32]) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _quantise_onnx(source: Path, target: Path, calibration: NDArray[np.float32]) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # unsigned weights, because ONNX Runtime has no ConvInteger for signed ones
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8)


DYNAMIC = Scheme(
    configure_tflite=_configure_tflite,
    quantise_onnx=_quantise_onnx,
    min_agreement=0.9,
)
