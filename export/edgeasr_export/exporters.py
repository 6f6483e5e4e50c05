"""The formats that a bundle can be exported to. Each is a pair of functions that run in the worker process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Card
from edgeasr.registry import resolve
from edgeasr_export.schemes import Scheme

__all__ = ["EXPORTERS", "Exporter", "exporter"]

EXPORTERS: Mapping[str, str] = {
    "tflite": "edgeasr_export.tflite:TFLITE",
    "onnx": "edgeasr_export.onnx:ONNX",
}


@dataclass(frozen=True)
class Exporter:
    """A format.

    Attributes:
        suffix: of its files.
        convert: converts the SavedModel to a file: (saved_model, target, scheme, calibration [clips, frames, bins]);
            returns the quantisation of input and output as `Card.quantisation` has it.
        embed: writes a card into a converted file.
    """

    suffix: str
    convert: Callable[[Path, Path, Scheme, NDArray[np.float32]], dict[str, Any]]
    embed: Callable[[Path, Card], None]


def exporter(name: str) -> Exporter:
    """Look up a format.

    Raises:
        ConfigError: there is none of this name.
    """
    found: Exporter = resolve(EXPORTERS, name, "format")
    return found
