"""Measures of transcripts: word and character error rate with their intervals, and the worst utterances."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import DataError
from edgeasr.packages import require

__all__ = ["Transcription", "Utterance", "compare", "transcription", "worst"]

_RESAMPLES = 1000


@dataclass(frozen=True)
class Utterance:
    """What was said in one clip, what was understood, and the fewest edits between the two.

    Attributes:
        name: of the clip.
        reference: what was said.
        hypothesis: what was understood.
        substitutions: words taken for another.
        deletions: words missed.
        insertions: words made up.
        words: of the reference.
        character_errors: the fewest edits of characters, spaces among them.
        characters: of the reference, spaces among them.
    """

    name: str
    reference: str
    hypothesis: str
    substitutions: int
    deletions: int
    insertions: int
    words: int
    character_errors: int
    characters: int

    @property
    def errors(self) -> int:
        """Edits of words in all."""
        return self.substitutions + self.deletions + self.insertions


@dataclass(frozen=True)
class Transcription:
    """Word and character error rate of many utterances, each with its 95 % interval.

    The rates are edits over what the references hold, so that they may exceed 1. The interval is the bootstrap's over
    utterances (M. Bisani, H. Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation",
    ICASSP 2004): words of one utterance do not err independently, utterances nearly do.

    Attributes:
        wer: word errors / words.
        wer_low, wer_high: bounds of the true rate.
        cer: character errors / characters, spaces among them.
        cer_low, cer_high: bounds of the true rate.
        substitutions: words taken for another.
        deletions: words missed.
        insertions: words made up.
        words: of the references.
        utterances: clips.
    """

    wer: float
    wer_low: float
    wer_high: float
    cer: float
    cer_low: float
    cer_high: float
    substitutions: int
    deletions: int
    insertions: int
    words: int
    utterances: int

    def to_json(self) -> dict[str, Any]:
        """Give the fields for programs."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"WER {self.wer:.2%}  (95 % interval {self.wer_low:.2%} to {self.wer_high:.2%})\n"
            f"CER {self.cer:.2%}  (95 % interval {self.cer_low:.2%} to {self.cer_high:.2%})\n"
            f"{self.words} words in {self.utterances} utterances: {self.substitutions} substituted, "
            f"{self.deletions} deleted, {self.insertions} inserted"
        )


def compare(name: str, reference: str, hypothesis: str) -> Utterance:
    """Count the edits between what was said in a clip and what was understood, by jiwer.

    Args:
        name: of the clip, for the error.
        reference: what was said, normalised as the hypothesis is.
        hypothesis: what was understood; may be empty.

    Raises:
        DataError: the reference is empty, so that no rate can be given.
        MissingPackageError: jiwer is not installed.

    Example:
        >>> compare("a.wav", "a large latte", "large lattes please").errors
        3
    """
    jiwer = require("jiwer", "wer", "measuring word errors")
    reference, hypothesis = " ".join(reference.split()), " ".join(hypothesis.split())
    if not reference:
        raise DataError(f"{name}: expected a transcript to compare with, got an empty one: leave the clip out")
    words = jiwer.process_words(reference, hypothesis)
    characters = jiwer.process_characters(reference, hypothesis)
    return Utterance(
        name=name,
        reference=reference,
        hypothesis=hypothesis,
        substitutions=words.substitutions,
        deletions=words.deletions,
        insertions=words.insertions,
        words=len(reference.split()),
        character_errors=characters.substitutions + characters.deletions + characters.insertions,
        characters=len(reference),
    )


def transcription(utterances: Sequence[Utterance], seed: int = 0) -> Transcription:
    """Sum up utterances, at least one.

    Args:
        utterances: as `compare` gives them.
        seed: of the bootstrap's draws.
    """
    counts = np.array([[item.errors, item.words, item.character_errors, item.characters] for item in utterances])
    draws = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), _RESAMPLES)
    wer, cer = _rates(counts.sum(axis=0))
    (wer_low, cer_low), (wer_high, cer_high) = np.percentile(_rates(draws @ counts), [2.5, 97.5], axis=0).tolist()
    return Transcription(
        wer=float(wer),
        wer_low=wer_low,
        wer_high=wer_high,
        cer=float(cer),
        cer_low=cer_low,
        cer_high=cer_high,
        substitutions=sum(item.substitutions for item in utterances),
        deletions=sum(item.deletions for item in utterances),
        insertions=sum(item.insertions for item in utterances),
        words=sum(item.words for item in utterances),
        utterances=len(utterances),
    )


def worst(utterances: Sequence[Utterance], count: int = 10) -> list[Utterance]:
    """List the utterances with the highest word error rate first, those without an error left out.

    Args:
        utterances: as `compare` gives them.
        count: utterances, at most.
    """
    wrong = [item for item in utterances if item.errors]
    return sorted(wrong, key=lambda item: (-item.errors / item.words, -item.errors, item.name))[:count]


def _rates(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide the errors by what there was: int64 [..., 4] to float64 [..., 2], of words and of characters."""
    rates: NDArray[np.float64] = counts[..., 0::2] / counts[..., 1::2]
    return rates
