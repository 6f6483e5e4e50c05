"""What a quantisation scheme is, and the registry of those that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.registry import resolve

__all__ = ["SCHEMES", "Scheme", "scheme"]

SCHEMES: Mapping[str, str] = {
    "float32": "edgeasr_export.schemes.float32:FLOAT32",
    "float16": "edgeasr_export.schemes.float16:FLOAT16",
    "dynamic": "edgeasr_export.schemes.dynamic:DYNAMIC",
    "int8": "edgeasr_export.schemes.int8:INT8",
}


@dataclass(frozen=True)
class Scheme:
    """A quantisation scheme.

    Attributes:
        configure_tflite: sets up a `tf.lite.TFLiteConverter`, given the calibration features [clips, frames, bins].
        quantise_onnx: turns a float32 ONNX file into one of this scheme: (source, target, calibration).
        min_agreement: share of the labels, or characters, of the Keras original that must be given too.
        max_error: largest difference of a score from the original's, where the scheme promises one.
    """

    configure_tflite: Callable[[Any, NDArray[np.float32]], None]
    quantise_onnx: Callable[[Path, Path, NDArray[np.float32]], None]
    min_agreement: float
    max_error: float | None = None


def scheme(name: str) -> Scheme:
    """Look up a scheme.

    Raises:
        ConfigError: there is none of this name.
    """
    found: Scheme = resolve(SCHEMES, name, "scheme")
    return found
