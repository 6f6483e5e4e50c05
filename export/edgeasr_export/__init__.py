"""From a bundle's Keras model to quantised TFLite and ONNX, each verified against the original."""

from edgeasr_export.export import export_bundle
from edgeasr_export.exporters import EXPORTERS
from edgeasr_export.schemes import SCHEMES

__all__ = ["EXPORTERS", "SCHEMES", "export_bundle"]
