"""float16 weights: half the size, computed in float32 on most CPUs."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.schemes.scheme import Scheme

__all__ = ["FLOAT16"]


def _configure_tflite(converter: Any, calibration: NDArray[np.float32]) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _quantise_onnx(source: Path, target: Path, calibration: NDArray[np.float32]) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


FLOAT16 = Scheme(
    configure_tflite=_configure_tflite,
    quantise_onnx=_quantise_onnx,
    min_agreement=0.98,
    max_error=0.05,
)
