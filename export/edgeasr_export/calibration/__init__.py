"""Calibration: which range each activation gets, from what was seen on real features."""

from edgeasr_export.calibration.methods import METHODS
from edgeasr_export.calibration.ranges import Ranges, find_ranges

__all__ = ["METHODS", "Ranges", "find_ranges"]
