"""How good the answers of an artefact are: its accuracy, or its word error rate, in percent."""

from dataclasses import dataclass

from edgeasr_bench.record import Result

__all__ = ["Score", "score_of"]


@dataclass(frozen=True)
class Score:
    """A share in percent, with its 95 % interval.

    Attributes:
        name: `accuracy` or `WER`.
        value, low, high: percent.
        better_below: whether less is better.
    """

    name: str
    value: float
    low: float
    high: float
    better_below: bool = False

    @property
    def goodness(self) -> float:
        """The share such that more is better."""
        return -self.value if self.better_below else self.value

    def __str__(self) -> str:
        prefix = f"{self.name} " if self.better_below else ""
        return f"{prefix}{self.value:.1f} ({self.low:.1f}-{self.high:.1f})"


def score_of(result: Result) -> Score | None:
    """Give the score of a result; None without labelled clips."""
    errors, accuracy = result.transcription, result.accuracy
    if errors:
        return Score("WER", 100 * errors.wer, 100 * errors.wer_low, 100 * errors.wer_high, better_below=True)
    if accuracy is None:
        return None
    return Score("accuracy", 100 * accuracy.value, 100 * accuracy.low, 100 * accuracy.high)
