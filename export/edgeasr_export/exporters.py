"""The formats that a bundle can be exported to. Each is a few functions that run in the worker process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeasr.card import Card
from edgeasr.packages import check_installed
from edgeasr.registry import resolve
from edgeasr_export.layers import Operator

__all__ = ["EXPORTERS", "Exporter", "exporter"]

EXPORTERS: Mapping[str, str] = {
    "tflite": "edgeasr_export.tflite:TFLITE",
    "onnx": "edgeasr_export.onnx:ONNX",
}


@dataclass(frozen=True)
class Exporter:
    """A format.

    Attributes:
        name: key of `EXPORTERS`.
        suffix: of its files.
        packages: that must be installed, all of them brought by the extra `export`.
        convert: converts a SavedModel to a float32 file, made ready for quantising: (saved_model, target).
        operators: lists the operators of a file, in order.
        names: gives the names of inputs and outputs in the file, by those in the SavedModel.
        quantisation: reads the quantisation of input and output as `Card.quantisation` has it.
        embed: writes a card into a converted file.
    """

    name: str
    suffix: str
    packages: tuple[str, ...]
    convert: Callable[[Path, Path], None]
    operators: Callable[[Path], list[Operator]]
    names: Callable[[Path], dict[str, str]]
    quantisation: Callable[[Path], dict[str, Any]]
    embed: Callable[[Path, Card], None]


def exporter(name: str) -> Exporter:
    """Look up a format.

    Raises:
        ConfigError: there is none of this name.
        MissingPackageError: a package that it needs is not installed.
    """
    found: Exporter = resolve(EXPORTERS, name, "format")
    for package in found.packages:
        check_installed(package, "export", f"exporting to {name}")
    return found
