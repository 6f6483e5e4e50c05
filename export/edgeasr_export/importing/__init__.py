"""Models people bring: a bundle around a Keras, SavedModel, float TFLite or float ONNX file."""

from edgeasr_export.importing.importer import find_frontend, import_model
from edgeasr_export.importing.source import KINDS, Kind, Source, formats_of, load_source, run, write_float32

__all__ = [
    "KINDS",
    "Kind",
    "Source",
    "find_frontend",
    "formats_of",
    "import_model",
    "load_source",
    "run",
    "write_float32",
]
