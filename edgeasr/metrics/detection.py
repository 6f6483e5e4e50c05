"""Measures of a spotter on continuous audio: words missed, false accepts per hour, latency."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

from edgeasr.data.stream import SpokenWord
from edgeasr.errors import DataError
from edgeasr.metrics.classification import accuracy_interval
from edgeasr.spot import Event

__all__ = ["DEBOUNCE_S", "LATE_S", "Detection", "LabelDetection", "detect_words", "name_words", "poisson_interval"]

LATE_S = 1.0  # after the end of a word in which an event still belongs to it, as in MLPerf Tiny
DEBOUNCE_S = 1.0  # false accepts of a label that follow each other faster are one, likewise


@dataclass(frozen=True)
class LabelDetection:
    """What became of one label.

    Attributes:
        words: said.
        missed: of them, those without an event of this label.
        confused: of the others, those in whose time there was an event of another label as well.
        false_accepts: events of this label in the background, where no word was said.
    """

    words: int
    missed: int
    confused: int
    false_accepts: int


@dataclass(frozen=True)
class Detection:
    """What a spotter found in a stream.

    Attributes:
        labels: what became of each label.
        background_s: seconds in which no word was to be heard.
        latencies_s: from the end of each word that was found to its event; negative where it came before.
    """

    labels: dict[str, LabelDetection]
    background_s: float
    latencies_s: tuple[float, ...]

    @property
    def words(self) -> int:
        """Words said."""
        return sum(item.words for item in self.labels.values())

    @property
    def missed(self) -> int:
        """Words not found: false rejects."""
        return sum(item.missed for item in self.labels.values())

    @property
    def false_accepts(self) -> int:
        """Events where no word was said."""
        return sum(item.false_accepts for item in self.labels.values())

    @property
    def confused(self) -> int:
        """Words found that were taken for another as well; the others of those found are wholly right."""
        return sum(item.confused for item in self.labels.values())

    @property
    def miss_rate(self) -> float:
        """Share of the words that were missed; 0 where none was said."""
        return self.missed / self.words if self.words else 0.0

    @property
    def false_accepts_per_hour(self) -> float:
        """False accepts in an hour of background."""
        return self.false_accepts * 3600 / self.background_s

    @property
    def false_accepts_interval(self) -> tuple[float, float]:
        """Bounds of the true rate an hour, at 95 %."""
        low, high = poisson_interval(self.false_accepts)
        return low * 3600 / self.background_s, high * 3600 / self.background_s

    @property
    def latency_s(self) -> tuple[float, float] | None:
        """Median and 95th percentile of the latency; None where no word was found."""
        if len(self.latencies_s) < 2:
            return (self.latencies_s[0], self.latencies_s[0]) if self.latencies_s else None
        return median(self.latencies_s), quantiles(self.latencies_s, n=20, method="inclusive")[-1]

    def to_json(self) -> dict[str, Any]:
        """Give the result for programs."""
        miss_low, miss_high = accuracy_interval(self.missed, self.words)
        low, high = self.false_accepts_interval
        latency_s = self.latency_s
        return {
            "words": self.words,
            "missed": self.missed,
            "miss_rate": {"value": self.miss_rate, "low": miss_low, "high": miss_high},
            "confused": self.confused,
            "false_accepts": self.false_accepts,
            "background_hours": self.background_s / 3600,
            "false_accepts_per_hour": {"value": self.false_accepts_per_hour, "low": low, "high": high},
            "latency_ms": latency_s and {"median": 1000 * latency_s[0], "p95": 1000 * latency_s[1]},
            "labels": {label: asdict(item) for label, item in self.labels.items()},
        }

    def __str__(self) -> str:
        miss_low, miss_high = accuracy_interval(self.missed, self.words)
        low, high = self.false_accepts_interval
        lines = [
            f"missed {self.missed} of {self.words} words: {self.miss_rate:.1%}  "
            f"(95 % interval {miss_low:.1%} to {miss_high:.1%})",
            f"false accepts {self.false_accepts} in {self.background_s / 3600:.2f} hours: "
            f"{self.false_accepts_per_hour:.2f} an hour  (95 % interval {low:.2f} to {high:.2f})",
        ]
        if self.confused:
            lines.insert(1, f"took {self.confused} of those found for another word as well")
        if self.latency_s:
            middle_s, late_s = self.latency_s
            lines.append(f"from the end of the word to the event: median {middle_s * 1000:.0f} ms, ")
            lines[-1] += f"95 % within {late_s * 1000:.0f} ms"
        return "\n".join(lines)


def name_words(words: Sequence[SpokenWord], keywords: Sequence[str]) -> tuple[SpokenWord, ...]:
    """Give the words of a truth that does not name them the one name that a model can mean.

    Raises:
        DataError: it can mean more than one, or none, or a word is none of its keywords.
    """
    if len(keywords) != 1 and not all(word.label for word in words):
        raise DataError(
            f"the truth does not name its words, and the model spots {', '.join(keywords) or 'nothing'}: "
            'expected "labels", one for each of the detection_windows'
        )
    named = tuple(SpokenWord(word.start_s, word.end_s, word.label or keywords[0]) for word in words)
    other = next((word.label for word in named if word.label not in keywords), None)
    if other is not None:
        raise DataError(f"the truth has the word {other!r}: expected one of {', '.join(keywords)}")
    return named


def detect_words(
    events: Sequence[Event], words: Sequence[SpokenWord], keywords: Sequence[str], duration_s: float
) -> Detection:
    """Compare the events of a stream with the words said in it.

    An event belongs to a word of its label if it comes between the word's start and a second after its end; the first
    one finds the word, further ones count for nothing. Another event in the time of a word confuses it, and one in the
    time of none is a false accept, but within a second after one of its label.

    Args:
        events: in order.
        words: those said, by their start.
        keywords: all labels that are reported.
        duration_s: length of the stream.
    """
    said = {label: [word for word in words if word.label == label] for label in keywords}
    longest_s = max((word.end_s - word.start_s for word in words), default=0.0)
    latencies_s: dict[SpokenWord, float] = {}
    false_s: dict[str, list[float]] = {label: [] for label in keywords}
    confused: set[SpokenWord] = set()
    for event in events:
        own = _heard_at(event.time_s, said[event.label], longest_s)
        new = next((word for word in own if word not in latencies_s), None)
        if new:
            latencies_s[new] = event.time_s - new.end_s
        elif not own:
            others, times_s = _heard_at(event.time_s, words, longest_s), false_s[event.label]
            confused.update(others)
            if not others and not (times_s and event.time_s <= times_s[-1] + DEBOUNCE_S):
                times_s.append(event.time_s)
    labels = {
        label: LabelDetection(
            len(said[label]),
            sum(word not in latencies_s for word in said[label]),
            sum(word in latencies_s and word in confused for word in said[label]),
            len(false_s[label]),
        )
        for label in keywords
    }
    spoken_s = _spoken_s(words, duration_s)
    if duration_s <= spoken_s:
        raise DataError(f"expected background around the words, got {duration_s:g} s with words throughout")
    return Detection(labels, duration_s - spoken_s, tuple(latencies_s.values()))


def _spoken_s(words: Sequence[SpokenWord], duration_s: float) -> float:
    """Measure the time in which an event can belong to a word, of words by their start; what they share counts once."""
    spoken_s = ended_s = 0.0
    for word in words:
        end_s = min(word.end_s + LATE_S, duration_s)
        spoken_s += max(0.0, end_s - max(word.start_s, ended_s))
        ended_s = max(ended_s, end_s)
    return spoken_s


def _heard_at(time_s: float, words: Sequence[SpokenWord], longest_s: float) -> list[SpokenWord]:
    """Give the words that an event can belong to, of words by their start, of which none is longer than `longest_s`."""
    last = bisect_right(words, time_s, key=lambda word: word.start_s)
    first = bisect_left(words, time_s - longest_s - LATE_S, key=lambda word: word.start_s)
    return [word for word in words[first:last] if time_s <= word.end_s + LATE_S]


def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bound the mean of a Poisson process of which `count` events were seen, exactly.

    F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936: below the lower bound so many
    events or more, above the upper bound so few or fewer, have a probability under (1 - confidence) / 2.

    Example:
        >>> [round(bound, 2) for bound in poisson_interval(3)]
        [0.62, 8.77]
    """
    tail = (1 - confidence) / 2
    highest = count + 10 * math.sqrt(count + 1) + 10
    low = _root(lambda mean: 1 - _at_most(count - 1, mean) - tail, highest) if count else 0.0
    return low, _root(lambda mean: tail - _at_most(count, mean), highest)


def _at_most(count: int, mean: float) -> float:
    """Give the probability of at most so many events; in logarithms, so that many neither over- nor underflow."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def _root(rising: Callable[[float], float], highest: float) -> float:
    """Find where a rising function is 0, between 0 and `highest`, by bisection to the last digit."""
    low, high = 0.0, highest
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return high
