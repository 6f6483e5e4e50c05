"""`edgeasr bench`: what an artefact costs and what it is worth, beside the float original."""

import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from edgeasr.atomic import write_text
from edgeasr.cli.options import json_option, labels_option, leave_out_option, split_option, threads_option
from edgeasr.cli.output import note, print_table

if TYPE_CHECKING:
    from edgeasr.data.dataset import Split
    from edgeasr_bench import Run
    from edgeasr_bench.record import Result
    from edgeasr_bench.report.tables import Column

__all__ = ["command"]

_NARROWEST_NAME = 16
_GAP = 3  # between columns, as `print_table` draws them


@click.command()
@click.argument("arguments", metavar="BUNDLE|ARTEFACT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--data", metavar="NAME[:PATH]", multiple=True, help="Labelled clips; by default the bundle's own samples."
)
@split_option
@leave_out_option
@labels_option
@threads_option
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=600, min_open=True),
    default=2.0,
    show_default=True,
    help="Time of the inference of each artefact; front ends, and artefacts behind them, get as much each on top.",
)
@json_option
@click.option(
    "--report",
    metavar="FILE.md",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write a Markdown report as well.",
)
@click.option(
    "--samples",
    metavar="FILE.npz",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the raw timings as well: for each artefact int64 [calls, 2], round and nanoseconds.",
)
def command(
    arguments: tuple[Path, ...],
    data: tuple[str, ...],
    split: "Split",
    leave_out: str | None,
    labels: tuple[str, ...],
    threads: int,
    seconds: float,
    as_json: bool,
    report: Path | None,
    samples: Path | None,
) -> None:
    """Compare speed, accuracy, size and memory with the float original.

    A bundle stands for its Keras model and all its artefacts; an artefact for itself. All of them take turns
    on the same inputs, so that the drift of a busy machine falls out of the comparison.

    \b
    edgeasr bench digits --report bench.md
    edgeasr bench digits/ds-cnn.int8.tflite --data fsdd
    """
    from edgeasr_bench import Settings, bench
    from edgeasr_bench.report import markdown

    if not data and (leave_out or labels):
        raise click.UsageError("--leave-out and --labels are about a data set: pass --data NAME[:PATH]")

    settings = Settings(data, split, leave_out, labels, threads, seconds)
    with _progress() as progress:
        run = bench(arguments, settings, notify=note, progress=progress)
    if as_json:
        click.echo(run.to_json())
    else:
        _print(run)
    if report is not None:
        write_text(report, markdown(run, shlex.join(["edgeasr", *sys.argv[1:]])))
        note(f"report: {report}")
    if samples is not None:
        run.write_samples(samples)
        note(f"samples: {samples}")


def _print(run: "Run") -> None:
    """Print a run for people, made for a terminal of 80 columns."""
    from edgeasr_bench.report import COST, SPEED, describe, explain, summarise

    width = min(shutil.get_terminal_size().columns, 100)
    _print_wrapped(describe(run.environment, run.results), width)
    click.echo()
    _print_results(SPEED, run.results, width)
    _print_results(COST, run.results, width)
    _print_wrapped(explain(run.results), width)
    click.echo()
    _print_wrapped(summarise(run), width)
    _print_wrapped((f"{result.artefact}: {line}." for result in run.results for line in result.notes), width)


def _print_results(columns: "Sequence[Column]", results: "Sequence[Result]", width: int) -> None:
    from edgeasr_bench.report import rows

    heads, cells = [head for head, _ in columns], rows(columns, results)
    taken = sum(_GAP + max(map(len, column)) for column in zip(heads, *cells, strict=True))
    names = [_shorten(result.artefact, max(_NARROWEST_NAME, width - taken - 2)) for result in results]
    print_table(
        ["artefact", *(f">{head}" for head in heads)],
        [[name, *row] for name, row in zip(names, cells, strict=True)],
    )


def _shorten(name: str, width: int) -> str:
    """Cut a name at its front: the end tells scheme and format."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def _print_wrapped(lines: Iterable[str], width: int) -> None:
    for line in lines:
        for part in wrap(line, width, subsequent_indent="  "):
            click.echo(part)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show the stages on a terminal, drawn only when told: a drawing thread would disturb what is timed."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=1.0)
        shown = ("", 0)

        def progress(stage: str, done: float) -> None:
            nonlocal shown
            if shown != (shown := (stage, round(100 * done))):  # drawing takes longer than an inference
                bar.update(task, description=stage, completed=done, refresh=True)

        yield progress
