"""Verification: an artefact against the original, on real features, in the runtime that will run it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.arrays import BACKGROUND
from edgeasr.errors import ExportError
from edgeasr.metrics.answers import agreement, answers, counted, right_answers
from edgeasr.metrics.classification import mcnemar_p
from edgeasr.runtime import load
from edgeasr_export.schemes import Scheme
from edgeasr_export.speed import speed_ratio

__all__ = ["Verification", "verify"]

_SIGNIFICANT = 0.01  # a loss of accuracy less likely than that is no chance
_WAY_OUT = ": keep its sensitive layers float with --auto, or take another scheme"


@dataclass(frozen=True)
class Verification:
    """How an artefact compares with the original.

    Attributes:
        agreement: share of the clips to which both give the same label; of a CTC model, share of the characters.
        max_abs_error: largest difference of a score.
        samples: number of clips.
        accuracy: of the artefact on these clips, of a CTC model the share of the transcripts without any error; None
            where they have no labels.
        accuracy_original: of the original.
        runtime: package and version that ran the artefact.
        speed: time of the float32 file of the same format and form by that of this one, on this machine: above 1 it is
            faster; None of the float32 file itself.
    """

    agreement: float
    max_abs_error: float
    samples: int
    accuracy: float | None
    accuracy_original: float | None
    runtime: str
    speed: float | None = None


def verify(
    path: Path,
    scheme: Scheme,
    features: NDArray[np.float32],
    reference: NDArray[np.float32],
    targets: NDArray[np.int64],
    baseline: Path | None = None,
) -> Verification:
    """Run an artefact and compare its scores with the original's.

    Args:
        path: the artefact, card inside.
        scheme: says what is tolerated.
        features: float32 [clips, frames, bins].
        reference: float32 [clips, labels] or [clips, output frames, labels], the original's scores.
        targets: int64, as `Samples.targets` has them; empty where the labels are not known.
        baseline: the float32 file of the same format, to compare the speed with; None of that file itself.

    Raises:
        ExportError: scores that are not finite, more difference than the scheme tolerates, or a significant loss of
            accuracy.
    """
    model = load(path)
    if not np.isfinite(reference).all():
        raise ExportError("the original gives scores that are not finite (NaN or infinite): train it again")
    scores = model.run_batch(features)
    said, said_reference = (answers(each, features, model.labels, model.ctc) for each in (scores, reference))
    result = Verification(
        agreement=agreement(said_reference, said),
        max_abs_error=float(np.abs(counted(scores - reference, features, model.ctc)).max(initial=0)),
        samples=len(features),
        accuracy=None,
        accuracy_original=None,
        runtime=model.version,
    )
    if result.agreement < scheme.min_agreement:
        raise ExportError(
            f"agrees with the original on {result.agreement:.1%} of "
            f"{'the characters' if model.ctc else 'the labels'} of {result.samples} clips, "
            f"expected at least {scheme.min_agreement:.0%}{_WAY_OUT}"
        )
    if len(targets):
        right = right_answers(targets, model.labels, model.ctc)
        words = slice(None) if model.ctc else targets != BACKGROUND  # background has no right answer
        if len(right[words]):
            result = _with_accuracy(result, (said == right)[words], (said_reference == right)[words])
    if scheme.max_error is not None and result.max_abs_error > scheme.max_error:
        raise ExportError(
            f"differs from the original by {result.max_abs_error:.2g}, expected at most {scheme.max_error:g}"
        )
    return replace(result, speed=speed_ratio(path, baseline, features)) if baseline else result


def _with_accuracy(result: Verification, correct: NDArray[np.bool_], original: NDArray[np.bool_]) -> Verification:
    """Add the accuracies.

    Raises:
        ExportError: a significant loss.
    """
    accuracy, accuracy_original = float(np.mean(correct)), float(np.mean(original))
    p = mcnemar_p(correct, original)
    if accuracy < accuracy_original and p < _SIGNIFICANT:
        raise ExportError(
            f"is right on {accuracy:.1%} of {len(correct)} clips, the original on {accuracy_original:.1%} "
            f"(McNemar p = {p:.1g}){_WAY_OUT}"
        )
    return replace(result, accuracy=accuracy, accuracy_original=accuracy_original)
