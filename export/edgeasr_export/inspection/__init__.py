"""Look into an artefact: what it is made of, and where it differs from its float original."""

from edgeasr_export.inspection.anatomy import Layer, describe
from edgeasr_export.inspection.difference import Difference, compare
from edgeasr_export.inspection.original import find_original

__all__ = ["Difference", "Layer", "compare", "describe", "find_original"]
