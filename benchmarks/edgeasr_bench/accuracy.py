"""Accuracy of loaded models, and the comparison with the float original, from the same outputs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.metrics import accuracy_interval
from edgeasr.runtime import Runtime
from edgeasr.runtime.keras import KerasRuntime
from edgeasr_bench.inputs import Inputs
from edgeasr_bench.record import Accuracy

__all__ = ["Answers", "accuracy", "answer"]


@dataclass(frozen=True)
class Answers:
    """What a model said of labelled clips.

    Attributes:
        labels: int64 [clips], index of the highest score.
        targets: int64 [clips], index of the right label.
    """

    labels: NDArray[np.int64]
    targets: NDArray[np.int64]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each is right: bool [clips]."""
        return np.equal(self.labels, self.targets)


def answer(model: Runtime, inputs: Inputs, progress: Callable[[float], None] = lambda done: None) -> Answers | None:
    """Label clips, one at a time as in use; Keras, whose single call is slow, in batches.

    Args:
        model: the loaded model; it is reset before each clip.
        inputs: the clips.
        progress: called with the share that is done.

    Returns:
        The answers, or None where the inputs have no labels.

    Raises:
        ArtefactError: a score is not a number.
    """
    if inputs.targets is None:
        return None
    if isinstance(model, KerasRuntime):
        return Answers(_highest(model, model.run_batch(inputs.features)), inputs.targets)
    labels = np.empty(len(inputs.features), np.int64)
    for index, clip in enumerate(inputs.features):
        model.reset()
        labels[index] = _highest(model, model.run(clip))
        progress((index + 1) / len(inputs.features))
    return Answers(labels, inputs.targets)


def accuracy(answers: Answers) -> Accuracy:
    """Give the share of right answers with its 95 % interval (Wilson)."""
    correct, total = int(answers.correct.sum()), len(answers.labels)
    low, high = accuracy_interval(correct, total)
    return Accuracy(correct / total, low, high, total)


def _highest(model: Runtime, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    if not np.isfinite(scores).all():
        raise ArtefactError(f"{model.path}: gives scores that are not numbers: export it again")
    return np.asarray(scores.argmax(axis=-1), np.int64)
