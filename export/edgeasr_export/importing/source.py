"""The original in a bundle, of any kind: what it is, what it can become, and how it is run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle, ModelFile
from edgeasr.errors import ExportError
from edgeasr.registry import resolve
from edgeasr_export.exporters import EXPORTERS

__all__ = ["FLOAT_WANTED", "KINDS", "Kind", "Source", "formats_of", "load_source", "run", "write_float32"]

FLOAT_WANTED = (  # what to do with a file that is quantised already
    "import the float32 file that it was made from; one that is ready is evaluated and benchmarked as it is"
)

F32 = NDArray[np.float32]

KINDS: Mapping[str, str] = {
    "keras": "edgeasr_export.importing.keras_file:KERAS",
    "saved-model": "edgeasr_export.importing.saved_model:SAVED_MODEL",
    "tflite": "edgeasr_export.importing.tflite_file:TFLITE",
    "onnx": "edgeasr_export.importing.onnx_file:ONNX",
}


@dataclass(frozen=True)
class Source:
    """The original of a bundle.

    Attributes:
        kind: key of `KINDS`.
        path: the file. All take one float32 input, `features` [1, ...], and give one output, `scores` [1, labels]; of
            Keras the names are not these.
    """

    kind: str
    path: Path


@dataclass(frozen=True)
class Kind:
    """What can be done with a kind of model; all of it runs in a worker process.

    Attributes:
        file: its name in a bundle.
        packages: that must be installed, all of them brought by the extra `export`.
        adopt: checks what somebody brought, and writes it as a bundle keeps it: (path, folder, shape of one clip's
            features); gives what it wrote, and the shape of the model's input without the batch.
        run: gives the scores [clips, labels] of features [clips, ...], in the shape that the model takes.
        write: makes a float32 file of it, by the format (a key of `EXPORTERS`): (original, target).
    """

    file: ModelFile
    packages: tuple[str, ...]
    adopt: Callable[[Path, Path, tuple[int, ...]], tuple[Source, tuple[int, ...]]]
    run: Callable[[Path, F32], F32]
    write: Mapping[str, Callable[[Path, Path], None]]


def load_source(bundle: Bundle) -> Source:
    """Give the original of a bundle, which the worker converts."""
    kinds = {resolve(KINDS, name, "kind of model").file: name for name in KINDS}
    return Source(kinds[bundle.manifest.model_file], bundle.model_path)


def formats_of(kind: str) -> tuple[str, ...]:
    """Name the formats, keys of `EXPORTERS`, that a kind of model can be exported to."""
    found: Kind = resolve(KINDS, kind, "kind of model")
    return tuple(found.write or EXPORTERS)  # of Keras all, by ways of the exporter's own


def run(source: Source, features: F32) -> F32:
    """Run the original, in a worker process.

    Args:
        source: the original.
        features: float32 [clips, ...], such as `Samples.verification`.

    Returns:
        float32 [clips, labels], without a softmax of ours.
    """
    kind: Kind = resolve(KINDS, source.kind, "kind of model")
    return kind.run(source.path, features)


def write_float32(source: Source, format: str, target: Path) -> None:
    """Make a float32 file of an original that is not Keras, in a worker process.

    Args:
        source: the original.
        format: key of `EXPORTERS`.
        target: the file, with the suffix of the format.

    Raises:
        ExportError: there is no way from this kind to the format.
    """
    kind: Kind = resolve(KINDS, source.kind, "kind of model")
    if format not in kind.write:
        raise ExportError(
            f"a model imported from {source.kind} is exported to {' and '.join(kind.write)} only, not to {format}: "
            "import the Keras model or SavedModel that it was made from"
        )
    kind.write[format](source.path, target)
