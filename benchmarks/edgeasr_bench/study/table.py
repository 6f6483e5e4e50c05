"""The table of a study: the document's figures beside ours."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from edgeasr_bench.blocks import Table
from edgeasr_bench.study.record import Result
from edgeasr_bench.study.spec import Measure

__all__ = ["LEGEND", "comparison", "describe", "order_by_loss"]

LEGEND = (
    "Here: the median over the seeds, with their range in brackets. The interval is the 95 % interval over the test "
    "clips of the seed in the middle: all seeds are tested on the same clips, and pooled, every clip would count "
    "several times. Seconds are those of a whole training, measuring on the dev split included; clips/s are training "
    "clips while the model trains. In brackets behind the epochs is the one whose weights were kept, the best on the "
    "dev split. A seed that diverged counts in no figure."
)

_NONE = "-"
_DEV_LOSS = "dev loss, here"  # of no interest where the document does not speak of it
_Column = tuple[str, Callable[[Result], str]]  # its head, and what it says of a result


def comparison(results: Sequence[Result], measure: Measure) -> Table:
    """Compare the document with ours, one row a run; columns that say nothing are left out."""
    cells = {head: [cell(result) for result in results] for head, cell in _columns(measure)}
    if all(result.paper.dev_loss is None for result in results):
        del cells[_DEV_LOSS]
    told = {head: column for head, column in cells.items() if set(column) != {_NONE}}
    return Table(tuple(told), tuple(zip(*told.values(), strict=True)))


def order_by_loss(results: Sequence[Result]) -> str:
    """Say in which order the validation loss puts the runs, in the document and here; nothing for fewer than three."""
    told = [result for result in results if result.paper.dev_loss is not None and result.trials]
    if len(told) < 3:
        return ""
    theirs = sorted(told, key=lambda result: result.paper.dev_loss or 0.0)
    ours = sorted(told, key=_dev_loss)
    names = [", ".join(f"`{result.name}`" for result in order) for order in (theirs, ours)]
    return f"By validation loss, the best first. Document: {names[0]}. Here: {names[1]}."


def describe(settings: Mapping[str, Any]) -> str:
    """Write settings as a person would: `epochs 10, augment (gain_db 0.0)`."""
    return ", ".join(f"{key} {_plain(value)}" for key, value in settings.items())


def _columns(measure: Measure) -> Sequence[_Column]:
    return (
        ("run", lambda result: f"`{result.name}`"),
        (
            "settings",
            lambda result: describe(result.differs) or _NONE,
        ),
        ("accuracy, document", lambda result: _percent(result.paper.accuracy)),
        (f"{measure}, here", _score),
        ("diverged", _failures),
        ("95 % interval", lambda result: _interval(result, measure)),
        ("validation loss, document", lambda result: _number(result.paper.dev_loss, 1)),
        (_DEV_LOSS, lambda result: _spread([trial.dev_loss for trial in result.trials], 3)),
        ("seconds, document", lambda result: _number(result.paper.seconds)),
        ("seconds, here", lambda result: _spread([trial.seconds for trial in result.trials])),
        ("clips/s", lambda result: _spread([t.clips_per_s for t in result.trials if t.clips_per_s is not None])),
        ("epochs", lambda result: _epochs(result, measure)),
        ("parameters, document", lambda result: _number(result.paper.parameters)),
        ("parameters, here", lambda result: _number(_parameters(result))),
        ("the document also says", lambda result: result.paper.note or _NONE),
    )


def _score(result: Result) -> str:
    if not result.trials:
        return "diverged" if result.failures else "not trained"
    return _spread([100 * score for score in result.scores], 2, " %")


def _failures(result: Result) -> str:
    return "; ".join(f"seed {failure.seed}: {failure.reason}" for failure in result.failures) or _NONE


def _interval(result: Result, measure: Measure) -> str:
    trial = result.median_trial(measure)
    if trial is None or trial.score is None:
        return _NONE
    return f"{100 * trial.score.low:.1f} to {100 * trial.score.high:.1f}"


def _epochs(result: Result, measure: Measure) -> str:
    trial = result.median_trial(measure)
    return _NONE if trial is None else f"{trial.epochs} ({trial.best_epoch})"


def _parameters(result: Result) -> int | None:
    return next((trial.provenance.parameters for trial in result.trials if trial.provenance), None)


def _dev_loss(result: Result) -> float:
    return median(trial.dev_loss for trial in result.trials)


def _spread(values: Sequence[float], digits: int = 0, unit: str = "") -> str:
    if not values:
        return _NONE
    middle = f"{median(values):,.{digits}f}{unit}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def _number(value: float | None, digits: int = 0) -> str:
    return _NONE if value is None else f"{value:,.{digits}f}"


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{100 * share:.2f} %"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"({describe(value)})"
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
