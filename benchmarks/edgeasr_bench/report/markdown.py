"""A bench run as a Markdown document."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from edgeasr_bench.record import Run
from edgeasr_bench.report.summary import summarise
from edgeasr_bench.report.tables import COST, SPEED, Column, rows

__all__ = ["markdown"]

_COLUMNS: Sequence[Column] = (
    ("artefact", lambda result: f"`{result.artefact}`"),
    ("runtime", lambda result: result.runtime_version),
    ("threads", lambda result: str(result.threads)),
    *SPEED,
    *COST,
    ("McNemar p", lambda result: "-" if result.mcnemar_p is None else f"{result.mcnemar_p:.2g}"),
)

_LEGEND = """\
Times are of single calls in microseconds; all artefacts took turns in one process, on the same inputs.
`audio us` is the median from a clip of audio to the scores. `x float` is the time of the float32
artefact of the same model in the same runtime divided by the time of this one (above 1 is faster), with
the 95 % interval of its median over the rounds. `agree` (percent of the clips) and McNemar's exact test
compare with the float original on the same clips. `peak MB` is the resident memory of a process that
holds this artefact and its runtime only, `load ms` the time it took to get ready."""


def markdown(run: Run, command: str) -> str:
    """Write a report: summary, results, environment.

    Args:
        run: the run.
        command: the command line that made it.
    """
    environment = ([key, _plain(value)] for key, value in asdict(run.environment).items())
    notes = [f"{result.artefact}: {note}" for result in run.results for note in result.notes]
    sections = [
        "# Benchmark",
        _bullets(summarise(run)),
        _table([head for head, _ in _COLUMNS], rows(_COLUMNS, run.results)),
        _LEGEND,
        _bullets([*notes, *run.notes]),
        "## Environment",
        _table(["", ""], environment),
        f"## Command\n\n```sh\n{command}\n```",
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _table(heads: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *cells]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _plain(value: Any) -> str:
    """Write a value of the environment as text."""
    if value is None:
        return "not known"
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value)
