"""Calibration: which range each activation gets, from what was seen on real features."""

from edgeasr_export.calibration.likeness import unlikeness
from edgeasr_export.calibration.methods import AUTO, METHODS, TRIED
from edgeasr_export.calibration.ranges import Ranges, find_ranges

__all__ = ["AUTO", "METHODS", "TRIED", "Ranges", "find_ranges", "unlikeness"]
