"""A bench run on the terminal: tables, and what they mean."""

import shutil
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from edgeasr.cli.output import print_table

if TYPE_CHECKING:
    from edgeasr_bench import Run
    from edgeasr_bench.record import Result
    from edgeasr_bench.report.tables import Column

__all__ = ["print_run"]

_NARROWEST_NAME = 16
_GAP = 3  # between columns, as `print_table` draws them


def print_run(run: "Run") -> None:
    """Print a run for people, made for a terminal of 80 columns."""
    from edgeasr_bench.report import DUTY_CYCLE, SPEED, THROUGHPUT, cost_of, describe, explain, summarise
    from edgeasr_bench.report.tables import filled

    width = min(shutil.get_terminal_size().columns, 100)
    _print_wrapped(describe(run.environment, run.results), width)
    click.echo()
    if run.kind == "measured" and (speed := filled(SPEED, run.results)):  # a board counts instructions alone
        _print_results(speed, run.results, width)
    _print_results(cost_of(run), run.results, width)
    if run.kind == "measured":
        _print_results(DUTY_CYCLE, [result for result in run.results if result.duty_cycle], width)
        _print_results(THROUGHPUT, [result for result in run.results if result.throughput], width)
    _print_wrapped(explain(run), width)
    if words := [*summarise(run), *_notes(run.results)]:
        click.echo()
        _print_wrapped(words, width)


def _notes(results: "Sequence[Result]") -> list[str]:
    """Give the notes of the results, once each, with the names of those that it is about where it is not all."""
    about: dict[str, list[str]] = {}
    for result in results:
        for line in result.notes:
            about.setdefault(line, []).append(result.artefact)
    return [
        f"{line}." if len(names) == len(results) else f"{', '.join(names)}: {line}." for line, names in about.items()
    ]


def _print_results(columns: "Sequence[Column]", results: "Sequence[Result]", width: int) -> None:
    """Print a table for each number of threads, whose times are not to be ranked."""
    from edgeasr_bench.report.tables import count_threads

    counts = sorted({result.threads for result in results})
    for threads in counts:
        some = [result for result in results if result.threads == threads]
        _print_table(columns, some, width, count_threads(threads) if len(counts) > 1 else None)


def _print_table(columns: "Sequence[Column]", results: "Sequence[Result]", width: int, title: str | None) -> None:
    from edgeasr_bench.report.tables import rows, shorten

    heads, cells = [head for head, _ in columns], rows(columns, results)
    taken = sum(_GAP + max(map(len, column)) for column in zip(heads, *cells, strict=True))
    names = [shorten(result.artefact, max(_NARROWEST_NAME, width - taken - 2)) for result in results]
    print_table(
        ["artefact", *(f">{head}" for head in heads)],
        [[name, *row] for name, row in zip(names, cells, strict=True)],
        title,
    )


def _print_wrapped(lines: Iterable[str], width: int) -> None:
    for line in lines:
        for part in wrap(line, width, subsequent_indent="  "):
            click.echo(part)
