"""Winning accuracy back: changes of a Keras model that make it lose less when it is quantised."""

from edgeasr_export.improve.finetune import finetune
from edgeasr_export.improve.grid import Grid, grid_of
from edgeasr_export.improve.improve import PASSES, improve

__all__ = ["PASSES", "Grid", "finetune", "grid_of", "improve"]
