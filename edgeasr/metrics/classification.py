"""Measures of a classifier: confusions, accuracy with its interval, and the comparison of two models."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Accuracy",
    "ClassReport",
    "accuracy",
    "accuracy_interval",
    "confusion_matrix",
    "mcnemar_p",
    "per_class",
]


@dataclass(frozen=True)
class Accuracy:
    """The share of clips that were right, with Wilson's 95 % interval.

    Attributes:
        value: correct / n.
        low, high: bounds of the true share.
        correct: clips that were right.
        n: clips in all.
    """

    value: float
    low: float
    high: float
    correct: int
    n: int

    def __str__(self) -> str:
        interval = f"95 % interval {self.low:.2%} to {self.high:.2%}"
        return f"{self.value:.2%}  ({interval}, {self.correct} of {self.n})"


@dataclass(frozen=True)
class ClassReport:
    """How well one label is told from the others; a share of nothing counts as 0.

    Attributes:
        precision: share of the clips given this label that have it.
        recall: share of the clips with this label that are given it.
        f1: harmonic mean of the two.
        support: clips with this label.
    """

    precision: float
    recall: float
    f1: float
    support: int


def confusion_matrix(
    targets: NDArray[np.integer[Any]], predictions: NDArray[np.integer[Any]], labels: int
) -> NDArray[np.int64]:
    """Count what was taken for what.

    Args:
        targets: int [clips], index of the right label.
        predictions: int [clips], index of the label given.
        labels: number of labels.

    Returns:
        int64 [labels, labels]: row the right label, column the one given.

    Raises:
        ValueError: the lengths differ, or an index is not in 0 to labels - 1.

    Example:
        >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 1, 0]), 2).tolist()
        [[1, 0], [1, 1]]
    """
    _check_same_length(targets, predictions)
    indices = np.concatenate([targets, predictions])
    if indices.size and not 0 <= indices.min() <= indices.max() < labels:
        raise ValueError(f"expected labels 0 to {labels - 1}, got {indices.min()} to {indices.max()}")
    cells = targets.astype(np.int64) * labels + predictions
    return np.bincount(cells, minlength=labels * labels).reshape(labels, labels)


def accuracy_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bound the true accuracy by Wilson's score interval.

    It stays within 0 to 1 and holds its confidence for few clips and for accuracies near 1, where the usual
    `p +- z * sqrt(p * (1 - p) / n)` does not (E. B. Wilson, "Probable inference, the law of succession, and
    statistical inference", J. Am. Stat. Assoc. 22, 1927).

    Args:
        correct: clips that were right.
        total: clips; of none nothing is known, and the interval is 0 to 1.
        confidence: of the interval.

    Returns:
        The lower and the upper bound.

    Raises:
        ValueError: `correct` is not in 0 to `total`.

    Example:
        >>> [round(bound, 3) for bound in accuracy_interval(95, 100)]
        [0.888, 0.978]
    """
    if not 0 <= correct <= total:
        raise ValueError(f"expected 0 to {total} correct, got {correct}")
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, weight = correct / total, z * z / total
    centre = share + weight / 2
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    low, high = (centre - half) / (1 + weight), (centre + half) / (1 + weight)
    # The exact bounds reach 0 and 1 there; rounding leaves a little.
    return (0.0 if correct == 0 else low), (1.0 if correct == total else high)


def accuracy(correct: NDArray[np.bool_]) -> Accuracy:
    """Sum up which clips were right: bool [clips], at least one."""
    right, total = int(np.count_nonzero(correct)), len(correct)
    return Accuracy(right / total, *accuracy_interval(right, total), right, total)


def per_class(confusion: NDArray[np.int64], labels: Sequence[str]) -> dict[str, ClassReport]:
    """Report precision, recall and F1 of each label.

    Args:
        confusion: int64 [labels, labels], as `confusion_matrix` makes it.
        labels: one per row.
    """
    hits, given, support = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        label: ClassReport(
            precision=_share(hits[index], given[index]),
            recall=_share(hits[index], support[index]),
            f1=_share(2 * hits[index], given[index] + support[index]),
            support=int(support[index]),
        )
        for index, label in enumerate(labels)
    }


def mcnemar_p(first_correct: NDArray[np.bool_], second_correct: NDArray[np.bool_]) -> float:
    """Test whether two models that saw the same clips differ in accuracy: McNemar's exact test, two-sided.

    Only the clips that one of the two alone has right count; between equally good models each is a fair coin
    (Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 1947; here by the binomial distribution, not its approximation). Whole numbers
    throughout, so that thousands of clips neither overflow nor lose digits.

    Args:
        first_correct: bool [clips], whether the first model was right.
        second_correct: bool [clips], whether the second one was.

    Returns:
        The chance of a difference at least this large between equally good models.

    Example:
        >>> mcnemar_p(np.array([True] * 6 + [False]), np.array([False] * 6 + [True]))
        0.125
    """
    _check_same_length(first_correct, second_correct)
    only_first = int(np.sum(first_correct & ~second_correct))
    only_second = int(np.sum(second_correct & ~first_correct))
    coins = only_first + only_second
    ways = tail = 1  # of none of the coins falling on the rarer side
    for heads in range(1, min(only_first, only_second) + 1):
        ways = ways * (coins - heads + 1) // heads
        tail += ways
    chance: float = 2 * tail / 2**coins
    return min(1.0, chance)


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0


def _check_same_length(first: NDArray[Any], second: NDArray[Any]) -> None:
    if len(first) != len(second):
        raise ValueError(f"expected the same clips of both, got {len(first)} and {len(second)}")
