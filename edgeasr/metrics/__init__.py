"""Measures of how well a model does, in NumPy alone: they run on the device too."""

from edgeasr.metrics.classification import (
    ClassReport,
    accuracy_interval,
    agreement,
    confusion_matrix,
    mcnemar_p,
    per_class,
)

__all__ = [
    "ClassReport",
    "accuracy_interval",
    "agreement",
    "confusion_matrix",
    "mcnemar_p",
    "per_class",
]
