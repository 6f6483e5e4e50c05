"""The evaluation of a classifier on labelled clips, and of a CTC model on utterances with their transcripts."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.metrics.answers import answers, right_answers
from edgeasr.metrics.classification import Accuracy, ClassReport, accuracy, confusion_matrix, per_class
from edgeasr.metrics.transcription import Utterance, compare
from edgeasr.runtime import Runtime

__all__ = ["Evaluation", "evaluate", "evaluate_transcripts", "labels_of"]


@dataclass(frozen=True)
class Evaluation:
    """What a model got right.

    Attributes:
        labels: one per output, in order.
        accuracy: over all clips.
        confusion: int64 [labels, labels]: row the right label, column the one given.
    """

    labels: tuple[str, ...]
    accuracy: Accuracy
    confusion: NDArray[np.int64]

    @property
    def per_class(self) -> dict[str, ClassReport]:
        """Precision, recall, F1 and support of each label."""
        return per_class(self.confusion, self.labels)

    def to_json(self) -> dict[str, Any]:
        """Give the result for programs: the fields of `Accuracy` and `ClassReport`, and the rows of the confusion."""
        return {
            "accuracy": asdict(self.accuracy),
            "per_class": {label: asdict(report) for label, report in self.per_class.items()},
            "confusion": self.confusion.tolist(),
            "labels": list(self.labels),
        }


def evaluate(
    model: Runtime,
    labels: tuple[str, ...],
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    progress: Callable[[float], None] = lambda done: None,
) -> Evaluation:
    """Score clips and count what was taken for what.

    Args:
        model: what to evaluate.
        labels: of its outputs, as `labels_of` gives them.
        features: float32 [clips, frames, bins].
        targets: int64 [clips].
        progress: called with the share that is done.

    Raises:
        ArtefactError: a score is not a finite number.
    """
    winners = model.run_batch(features, progress).argmax(axis=1)
    return Evaluation(labels, accuracy(winners == targets), confusion_matrix(targets, winners, len(labels)))


def evaluate_transcripts(
    model: Runtime,
    names: Sequence[str],
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    decode: Callable[[NDArray[np.float32]], str] | None = None,
    progress: Callable[[float], None] = lambda done: None,
) -> list[Utterance]:
    """Transcribe utterances and count the errors in each.

    Args:
        model: a CTC model.
        names: of the clips.
        features: float32 [clips, frames, bins].
        targets: int64 [clips, characters], as `Samples.targets` has them.
        decode: as `answers` takes it.
        progress: called with the share that is done.

    Raises:
        ArtefactError: a score is not a finite number.
    """
    said = answers(model.run_batch(features, progress), features, model.labels, model.ctc, decode)
    right = right_answers(targets, model.labels, model.ctc)
    return [compare(*row) for row in zip(names, right.tolist(), said.tolist(), strict=True)]


def labels_of(model: Runtime, given: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Find the labels of a model's outputs: those given, or those inside.

    Raises:
        ArtefactError: there are none, or not one for each output.
    """
    if given and model.labels and given != model.labels:
        raise ArtefactError(f"{model.path}: carries its labels, {', '.join(model.labels)}: leave --labels out")
    labels = model.labels or given
    if not labels:
        raise ArtefactError(f"{model.path}: carries no labels: pass --labels in the order of its outputs")
    outputs = model.run(np.zeros(model.input_shape, np.float32)).shape[-1]
    model.reset()
    if outputs != len(labels):
        raise ArtefactError(
            f"{model.path}: has {outputs} outputs, got {len(labels)} labels: pass --labels, one an output"
        )
    return labels
