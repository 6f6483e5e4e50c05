"""From a bundle's Keras model to quantised TFLite and ONNX, each verified against the original."""

from edgeasr_export.export import PartialExportError, conversions, export_bundle
from edgeasr_export.exporters import EXPORTERS
from edgeasr_export.schemes import SCHEMES
from edgeasr_export.settings import ExportSettings

__all__ = ["EXPORTERS", "SCHEMES", "ExportSettings", "PartialExportError", "conversions", "export_bundle"]
