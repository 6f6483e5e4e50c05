"""No quantisation: the float artefact that the others are compared with."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.schemes.scheme import Scheme

__all__ = ["FLOAT32"]


def _configure_tflite(converter: Any, calibration: NDArray[np.float32]) -> None:
    pass


def _quantise_onnx(source: Path, target: Path, calibration: NDArray[np.float32]) -> None:
    shutil.copyfile(source, target)


FLOAT32 = Scheme(
    configure_tflite=_configure_tflite,
    quantise_onnx=_quantise_onnx,
    min_agreement=0.99,
    max_error=1e-3,
)
