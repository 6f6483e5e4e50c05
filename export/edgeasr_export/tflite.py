"""TFLite files, by TensorFlow's converter."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Card, append_to_tflite
from edgeasr_export.exporters import Exporter
from edgeasr_export.schemes import Scheme

__all__ = ["TFLITE"]


def _convert(saved_model: Path, target: Path, scheme: Scheme, calibration: NDArray[np.float32]) -> dict[str, Any]:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    scheme.configure_tflite(converter, calibration)
    target.write_bytes(converter.convert())
    return _quantisation(target)


def _quantisation(model: Path) -> dict[str, Any]:
    from edgeasr.runtime.tflite import interpreter_package

    _, module = interpreter_package()
    interpreter = module.Interpreter(model_path=str(model))

    def describe(details: dict[str, Any]) -> dict[str, Any]:
        scale, zero_point = details["quantization"]
        description: dict[str, Any] = {"dtype": np.dtype(details["dtype"]).name}
        return {**description, "scale": scale, "zero_point": zero_point} if scale else description

    return {
        "input": describe(interpreter.get_input_details()[0]),
        "output": describe(interpreter.get_output_details()[0]),
    }


def _embed(model: Path, card: Card) -> None:
    model.write_bytes(append_to_tflite(model.read_bytes(), card))


TFLITE = Exporter(suffix=".tflite", packages=("keras", "tensorflow"), convert=_convert, embed=_embed)
