"""What changed from one run to another."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from edgeasr.errors import DataError
from edgeasr_bench.environment import facts
from edgeasr_bench.footing import Footing, footing
from edgeasr_bench.record import Result, Run
from edgeasr_bench.report.tables import count_threads
from edgeasr_bench.stats import change_between, least_disturbed_us

__all__ = ["By", "Change", "compare_runs", "differences"]

By = Literal["time", "ratio"]

_PASSING = {"time utc", "git sha"}  # facts that are different every time


@dataclass(frozen=True)
class Change:
    """What changed of one artefact.

    Attributes:
        artefact: its name in both runs.
        runtime: key of `RUNTIMES`.
        threads: of the inference.
        before_us: median of the calls in the tenth of the rounds that was disturbed least.
        after_us: the same in the other run.
        percent: by how much that is slower, below 0 faster; or its share of float32's.
        low_percent: lower bound of the 95 % interval.
        high_percent: upper bound.
        accuracy_points: change of the accuracy in percentage points; None where it was not measured on as many clips.
        same_file: whether it is the same file in both.
    """

    artefact: str
    runtime: str
    threads: int
    before_us: float
    after_us: float
    percent: float
    low_percent: float
    high_percent: float
    accuracy_points: float | None
    same_file: bool


def compare_runs(before: Run, after: Run, by: By = "time") -> list[Change]:
    """Compare the artefacts that two runs have in common; the Keras originals, which no device runs, are left out.

    Args:
        before: the one run.
        after: the other one, on an equal footing.
        by: what is compared: the time itself, or its share of the time of float32 in the same runtime and run, which
            the clock of the machine changes less; float32 is then left out.

    Raises:
        DataError: the runs have no artefact in common, no equal footing, or times that were not measured.
    """
    for run in (before, after):
        if run.kind != "measured":
            raise DataError(f"{run.target}: its times are {run.kind}: compare runs that were measured on the device")
    _check_footing(footing(before), footing(after))
    there = {_key(result): result for result in after.results}
    changes = []
    for first in before.results:
        second = there.get(_key(first))
        if second is None or first.runtime == "keras":
            continue
        earlier, later = _series(before, first, by), _series(after, second, by)
        if earlier and later:
            changes.append(_change(first, second, change_between(earlier, later)))
    if not changes:
        raise DataError(
            f"the runs have no artefact in common to compare by {by}: {_names(before)} before, {_names(after)} after: "
            "bench the same ones with as many threads"
        )
    return changes


def differences(before: Run, after: Run) -> list[str]:
    """List what else is not the same in two runs, such as the versions of packages."""
    first, second = facts(before.environment), facts(after.environment)
    return [
        f"{key}: {first.get(key)} before, {value} after"
        for key, value in second.items()
        if key not in _PASSING and first.get(key) != value
    ]


def _key(result: Result) -> tuple[str, str, int]:
    return result.artefact, result.runtime, result.threads


def _check_footing(before: Footing, after: Footing) -> None:
    for item in fields(Footing):
        first, second = getattr(before, item.name), getattr(after, item.name)
        if first != second:
            raise DataError(
                f"unequal conditions: {item.name} is {first} before and {second} after: "
                "compare runs of one machine, set up in one way"
            )


def _series(run: Run, result: Result, by: By) -> Sequence[Sequence[float]]:
    """Give what is compared, round by round; nothing of float32, and of what has none beside it, by ratio."""
    if by == "time":
        return (result.rounds_us,) if result.rounds_us else ()
    ratio = result.ratio_to_float
    if ratio is None or ratio.baseline == result.artefact:
        return ()
    baseline = next(one for one in run.results if (one.artefact, one.threads) == (ratio.baseline, result.threads))
    return result.rounds_us, baseline.rounds_us


def _change(first: Result, second: Result, bounds: tuple[float, float, float]) -> Change:
    percent, low, high = (round(100 * (value - 1), 2) for value in bounds)
    points = None
    if first.accuracy and second.accuracy and first.accuracy.n == second.accuracy.n:
        points = round(100 * (second.accuracy.value - first.accuracy.value), 3)
    return Change(
        artefact=first.artefact,
        runtime=first.runtime,
        threads=first.threads,
        before_us=least_disturbed_us(first.rounds_us),
        after_us=least_disturbed_us(second.rounds_us),
        percent=percent,
        low_percent=low,
        high_percent=high,
        accuracy_points=points,
        same_file=first.sha256 == second.sha256,
    )


def _names(run: Run) -> str:
    return (
        ", ".join(dict.fromkeys(f"{result.artefact} ({count_threads(result.threads)})" for result in run.results))
        or "nothing"
    )
