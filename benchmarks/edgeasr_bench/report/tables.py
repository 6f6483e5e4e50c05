"""A bench run on the terminal: what it ran on, what was measured, what it means."""

import shutil
from collections.abc import Callable, Sequence
from textwrap import wrap

import click

from edgeasr.cli.output import print_table
from edgeasr_bench.environment import Environment
from edgeasr_bench.record import Accuracy, Latency, Ratio, Result, Run
from edgeasr_bench.report.summary import summarise

__all__ = ["COST", "SPEED", "Column", "describe", "print_run"]

Column = tuple[str, Callable[[Result], str]]

_NARROWEST_NAME = 16
_GAP = 3  # between columns, as `print_table` draws them


def _microseconds(latency: Latency | None, percentile: str = "p50") -> str:
    if latency is None:
        return "-"
    value: float = getattr(latency, percentile)
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _ratio(ratio: Ratio | None) -> str:
    return "-" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _accuracy(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return "-"
    return f"{100 * accuracy.value:.1f} ({100 * accuracy.low:.1f}-{100 * accuracy.high:.1f})"


SPEED: Sequence[Column] = (
    ("p50 us", lambda result: _microseconds(result.latency_us)),
    ("p95 us", lambda result: _microseconds(result.latency_us, "p95")),
    ("p99 us", lambda result: _microseconds(result.latency_us, "p99")),
    ("audio us", lambda result: _microseconds(result.latency_with_frontend_us)),
    ("x float", lambda result: _ratio(result.ratio_to_float)),
)
COST: Sequence[Column] = (
    ("accuracy %", lambda result: _accuracy(result.accuracy)),
    ("agree", lambda result: "-" if result.agreement is None else f"{100 * result.agreement:.1f}"),
    ("kB", lambda result: f"{result.bytes / 1000:.1f}"),
    ("peak MB", lambda result: f"{result.peak_rss_bytes / 1e6:.0f}"),
    ("load ms", lambda result: f"{result.load_ms:.0f}"),
)


def print_run(run: Run) -> None:
    """Print a run for people, made for a terminal of 80 columns."""
    width = min(shutil.get_terminal_size().columns, 100)
    for line in describe(run.environment, run.results):
        _print_wrapped(line, width)
    click.echo()
    _print(SPEED, run.results, width)
    _print(COST, run.results, width)
    _print_wrapped(_legend(run.results), width)
    click.echo()
    for line in summarise(run):
        _print_wrapped(line, width)
    for result in run.results:
        for note in result.notes:
            _print_wrapped(f"{result.artefact}: {note}.", width)


def describe(environment: Environment, results: Sequence[Result]) -> list[str]:
    """Say in a few lines what a run ran on."""
    runtimes = dict.fromkeys(result.runtime_version for result in results)
    threads = results[0].threads
    load = "" if environment.load_average is None else f", load {environment.load_average:.1f}"
    return [
        f"{environment.cpu or environment.machine}, {environment.cores} cores{load}, {environment.os}",
        f"{', '.join(runtimes)}; {threads} thread{'s' if threads > 1 else ''}, Python {environment.python}",
    ]


def _print(columns: Sequence[Column], results: Sequence[Result], width: int) -> None:
    cells = [[value(result) for _, value in columns] for result in results]
    taken = sum(_GAP + max(len(head), *(len(row[index]) for row in cells)) for index, (head, _) in enumerate(columns))
    names = [_shorten(result.artefact, max(_NARROWEST_NAME, width - taken - 2)) for result in results]
    print_table(
        ["artefact", *(f">{head}" for head, _ in columns)],
        [[name, *row] for name, row in zip(names, cells, strict=True)],
    )


def _legend(results: Sequence[Result]) -> str:
    frontends = dict.fromkeys(_microseconds(result.frontend_us) for result in results if result.frontend_us)
    alone = f" (the front end alone: {', '.join(frontends)} us)" if frontends else ""
    return (
        f"audio us: p50 from a clip of audio to the scores{alone}. x float: time of float32 in the same "
        "runtime / this time, above 1 is faster. agree: % of the clips labelled as by the float original. "
        "In brackets: 95 % intervals."
    )


def _shorten(name: str, width: int) -> str:
    """Cut a name at its front: the end tells scheme and format."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def _print_wrapped(line: str, width: int) -> None:
    for part in wrap(line, width, subsequent_indent="  "):
        click.echo(part)
