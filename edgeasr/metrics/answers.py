"""What a model says: labels of a classifier, transcripts of a CTC model."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import CtcOutput
from edgeasr.decode.ctc import greedy
from edgeasr.decode.text import decode_ids
from edgeasr.features.clip import count_frames
from edgeasr.metrics.transcription import compare

__all__ = ["agreement", "answers", "counted", "output_lengths", "right_answers"]


def answers(
    scores: NDArray[np.float32],
    features: NDArray[np.float32],
    labels: tuple[str, ...],
    ctc: CtcOutput | None,
    decode: Callable[[NDArray[np.float32]], str] | None = None,
) -> NDArray[Any]:
    """Read scores: the index of the best label of each clip, or its transcript.

    Args:
        scores: float32 [clips, labels], or [clips, output frames, labels] of a CTC model.
        features: what the model was given, float32 [clips, frames, bins].
        labels: of the outputs.
        ctc: of a CTC model, how its output frames follow the input.
        decode: gives the transcript of scores [output frames, labels]; by default greedy decoding.

    Returns:
        int64 [clips], or str [clips].
    """
    if ctc is None:
        best: NDArray[np.int64] = scores.argmax(axis=1)
        return best
    decode = decode or (lambda one: greedy(one, labels))
    lengths = output_lengths(features, ctc)
    return np.array([decode(clip[:length]) for clip, length in zip(scores, lengths, strict=True)], np.str_)


def output_lengths(features: NDArray[np.float32], ctc: CtcOutput) -> list[int]:
    """Count the output frames of each clip, of features filled up with zeros, float32 [clips, frames, bins]."""
    return [ctc.count(frames) for frames in count_frames(features).tolist()]


def counted(scores: NDArray[np.float32], features: NDArray[np.float32], ctc: CtcOutput | None) -> NDArray[np.float32]:
    """Give the scores that answers are read from; what a CTC model says after the end of a clip is left out.

    Args:
        scores, features, ctc: as `answers` takes them.

    Returns:
        float32 [clips, labels]; of a CTC model [output frames of all clips, labels].
    """
    if ctc is None:
        return scores
    lengths = output_lengths(features, ctc)
    return np.concatenate([clip[:length] for clip, length in zip(scores, lengths, strict=True)])


def agreement(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Give the share in which two models that heard the same clips say the same, from what `answers` gives of each.

    Of labels it is the share of the clips; of transcripts the share of the first one's characters that the second one
    has too: 1 less the edits between the two for each character, and not below 0.
    """
    if first.dtype.kind != "U":
        return float(np.mean(first == second))
    edits = characters = 0
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        edits += compare("", one, other).character_errors if one else len(other)
        characters += len(one)
    return max(0.0, 1 - edits / max(characters, 1))


def right_answers(targets: NDArray[np.int64], labels: tuple[str, ...], ctc: CtcOutput | None) -> NDArray[Any]:
    """Give the right answers, to compare `answers` with, from targets as `Samples.targets` has them."""
    if ctc is None:
        return targets
    return np.array([decode_ids(row[row >= 0], labels) for row in targets], np.str_)
