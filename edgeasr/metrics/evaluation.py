"""The evaluation of a classifier on a labelled split."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError, DataError
from edgeasr.metrics.classification import ClassReport, accuracy_interval, confusion_matrix, per_class
from edgeasr.runtime import Runtime

__all__ = ["Evaluation", "evaluate", "score_clips"]


@dataclass(frozen=True)
class Evaluation:
    """What a model got right.

    Attributes:
        labels: one per output, in order.
        confusion: int64 [labels, labels]: row the right label, column the one given.
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def correct(self) -> int:
        """Clips that were right."""
        return int(np.trace(self.confusion))

    @property
    def total(self) -> int:
        """Clips in all."""
        return int(self.confusion.sum())

    @property
    def per_class(self) -> dict[str, ClassReport]:
        """Precision, recall, F1 and support of each label."""
        return per_class(self.confusion, self.labels)

    def to_json(self) -> dict[str, Any]:
        """Give the result for programs.

        `accuracy` = {"value", "low", "high" (Wilson, 95 %), "correct", "n"}; `per_class` = {label: {"precision",
        "recall", "f1", "support"}}; `confusion` = rows of counts, right label by label given; `labels`, their order.
        """
        low, high = accuracy_interval(self.correct, self.total)
        return {
            "accuracy": {
                "value": self.correct / self.total,
                "low": low,
                "high": high,
                "correct": self.correct,
                "n": self.total,
            },
            "per_class": {label: asdict(report) for label, report in self.per_class.items()},
            "confusion": self.confusion.tolist(),
            "labels": list(self.labels),
        }


def evaluate(
    model: Runtime,
    labels: tuple[str, ...],
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    progress: Callable[[int], None] = lambda clips: None,
) -> Evaluation:
    """Score every clip and count what was taken for what.

    Args:
        model: what to evaluate.
        labels: of its outputs.
        features: float32 [clips, frames, bins].
        targets: int64 [clips].
        progress: called with the number of clips done since the last call.

    Raises:
        DataError: there is no clip.
        ArtefactError: the model has another number of outputs than there are labels.
    """
    if not len(targets):
        raise DataError("no clip to evaluate on: expected labelled clips in this split")
    outputs = len(model.run(features[0]))
    if outputs != len(labels):
        raise ArtefactError(
            f"{model.path}: has {outputs} outputs, got {len(labels)} labels: pass --labels, one an output"
        )
    winners = score_clips(model, features, progress).argmax(axis=1)
    return Evaluation(labels, confusion_matrix(targets, winners, len(labels)))


def score_clips(
    model: Runtime, features: NDArray[np.float32], progress: Callable[[int], None] = lambda clips: None
) -> NDArray[np.float32]:
    """Score clips one by one, as a device does: float32 [clips, frames, bins] to [clips, labels]."""
    scores = []
    for clip in features:
        scores.append(model.run(clip))
        progress(1)
    return np.stack(scores)
