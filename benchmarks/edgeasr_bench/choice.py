"""Which artefact to ship: the fastest of those that meet some conditions."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgeasr.errors import ConfigError
from edgeasr_bench.record import Choice, Result, Run
from edgeasr_bench.report.score import score_of
from edgeasr_bench.report.tables import count_threads
from edgeasr_bench.stats import least_disturbed_us

__all__ = ["QUANTITIES", "Condition", "choose", "read_conditions"]

_AS_FAST = 1.05  # so much longer is no reason for more threads or a larger file: runs differ by more
_UNITS = {"": 1, "k": 1_000, "M": 1_000_000}

Quantity = Callable[[Run, Result], float | None]


@dataclass(frozen=True)
class Condition:
    """A condition on one quantity of a result.

    Attributes:
        text: as it was written, such as "bytes<=200k".
        quantity: key of `QUANTITIES`.
        at_most: whether the limit is the largest value allowed, or else the smallest.
        limit: in the unit of the quantity.
    """

    text: str
    quantity: str
    at_most: bool
    limit: float

    def met_by(self, value: float | None) -> bool:
        """Tell whether a value meets it; one that is not known does not."""
        if value is None:
            return False
        return value <= self.limit if self.at_most else value >= self.limit


def read_conditions(text: str) -> tuple[Condition, ...]:
    """Read conditions, separated by commas; k and M behind a number mean thousands and millions.

    Raises:
        ConfigError: one of them cannot be understood.

    Example:
        >>> [condition.limit for condition in read_conditions("accuracy_drop<=0.5,bytes<=200k")]
        [0.5, 200000.0]
    """
    return tuple(_read_condition(part.strip()) for part in text.split(","))


def choose(run: Run, conditions: Sequence[Condition]) -> Choice:
    """Choose what to ship of a run.

    That is, of the artefacts that meet all conditions, the fastest in the tenth of its rounds that was disturbed least.
    Of those that take at most 5 % longer than that one it is the one with the fewest threads, and of these the smallest
    file. Where times were not measured on the target, the instructions of an inference are taken for them, or else the
    sizes. Keras originals run on no device, and are never chosen.
    """
    candidates = [result for result in run.results if result.runtime != "keras"]
    failed = {_name(result): _failures(run, result, conditions) for result in candidates}
    meeting = [result for result in candidates if not failed[_name(result)]]
    text = ",".join(condition.text for condition in conditions)
    excluded = tuple(f"{name}: {'; '.join(reasons)}" for name, reasons in failed.items() if reasons)
    if not meeting:
        return Choice(text, None, None, None, f"none of {len(candidates)} meets all conditions", excluded)
    unit, costs = _costs(run, meeting)
    ranked = sorted(zip(costs, meeting, strict=True), key=lambda pair: pair[0])
    alike = [pair for pair in ranked if pair[0] <= _AS_FAST * ranked[0][0]]
    cost, best = min(alike, key=lambda pair: (pair[1].threads, pair[1].bytes, pair[0]))
    reason = f"{_number(cost)} {unit}: "
    if len(ranked) == 1:
        reason += f"the only one of {len(candidates)} that meets the conditions"
    elif best is ranked[0][1]:
        reason += f"the least of {len(ranked)} that meet the conditions; then {_said(ranked[1])}"
    else:
        reason += f"with fewer threads or a smaller file than {_said(ranked[0])}, which is less than 5 % better"
    return Choice(text, best.artefact, best.runtime, best.threads, reason, excluded)


def _read_condition(text: str) -> Condition:
    found = re.fullmatch(r"(\w+)\s*(<=|>=)\s*(-?\d+(?:\.\d+)?)([kM]?)", text)
    if found is None:
        raise ConfigError(f"expected conditions such as accuracy_drop<=0.5,bytes<=200k, got {text!r}")
    quantity, relation, number, unit = found.groups()
    if quantity not in QUANTITIES:
        raise ConfigError(f"unknown quantity {quantity!r}: expected one of {', '.join(QUANTITIES)}")
    return Condition(text, quantity, relation == "<=", float(number) * _UNITS[unit])


def _failures(run: Run, result: Result, conditions: Sequence[Condition]) -> list[str]:
    reasons = []
    for condition in conditions:
        value = QUANTITIES[condition.quantity](run, result)
        if not condition.met_by(value):
            known = "is not known" if value is None else f"is {_number(value)}"
            reasons.append(f"{condition.quantity} {known}, asked for {condition.text}")
    return reasons


def _costs(run: Run, results: Sequence[Result]) -> tuple[str, list[float]]:
    """Give what is to be little, the first that is known of all the results: its unit and its values."""
    if run.kind == "measured" and all(result.rounds_us for result in results):
        return "us where disturbed least", [round(least_disturbed_us(result.rounds_us), 1) for result in results]
    counts = [result.instructions for result in results if result.instructions is not None]
    if len(counts) == len(results):
        return "instructions", [float(count) for count in counts]
    return "bytes", [float(result.bytes) for result in results]


def _said(costing: tuple[float, Result]) -> str:
    return f"{_number(costing[0])} of {_name(costing[1])}"


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _name(result: Result) -> str:
    return f"{result.artefact} ({result.runtime}, {count_threads(result.threads)})"


def _worse_than_original(run: Run, result: Result) -> float | None:
    """Give by how many points the score, an accuracy or a word error rate, is worse than the float original's."""
    original = next((other for other in run.results if other.artefact == result.original), None)
    score, of_original = score_of(result), score_of(original) if original else None
    if score is None or of_original is None:
        return None
    return round(of_original.goodness - score.goodness, 6)


def _score(run: Run, result: Result) -> float | None:
    score = score_of(result)
    return round(score.value, 6) if score else None


def _if_score_is(name: str, quantity: Quantity) -> Quantity:
    """Limit a quantity to the models whose score has that name."""

    def limited(run: Run, result: Result) -> float | None:
        score = score_of(result)
        return quantity(run, result) if score and score.name == name else None

    return limited


def _measured(value: Callable[[Result], float | None]) -> Quantity:
    """Limit a quantity to runs on the target itself."""
    return lambda run, result: value(result) if run.kind == "measured" else None


QUANTITIES: Mapping[str, Quantity] = {
    "accuracy": _if_score_is("accuracy", _score),
    "accuracy_drop": _if_score_is("accuracy", _worse_than_original),
    "wer": _if_score_is("WER", _score),
    "wer_rise": _if_score_is("WER", _worse_than_original),
    "agreement": lambda run, result: None if result.agreement is None else round(100 * result.agreement, 6),
    "bytes": lambda run, result: result.bytes,
    "peak_rss_bytes": _measured(lambda result: result.peak_rss_bytes),
    "load_ms": _measured(lambda result: result.load_ms),
    "p50_us": _measured(lambda result: result.latency_us.p50 if result.latency_us else None),
    "p95_us": _measured(lambda result: result.latency_us.p95 if result.latency_us else None),
    "p99_us": _measured(lambda result: result.latency_us.p99 if result.latency_us else None),
    "cpu_percent": _measured(lambda result: result.duty_cycle.cpu_percent if result.duty_cycle else None),
    "instructions": lambda run, result: result.instructions,
}
