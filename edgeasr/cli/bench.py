"""`edgeasr bench`: what an artefact costs and what it is worth, beside the float original."""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from edgeasr.atomic import write_text
from edgeasr.cli.options import json_option, labels_option, leave_out_option, split_option
from edgeasr.cli.output import note, print_table
from edgeasr.errors import EdgeASRError

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
@click.option(
    "--target",
    "targets",
    metavar="TARGET",
    multiple=True,
    default=("local",),
    show_default=True,
    help="Where: local, ssh://[USER@]HOST[:PORT], or emulated:pi3, pi4, pi5 or pi-armv7; several at once.",
)
@click.option("--bootstrap", is_flag=True, help="Bring an ssh target the runtimes that it lacks, in one folder.")
@click.option("--clean", is_flag=True, help="Remove from an ssh target, at the end, all that was put there.")
@click.option(
    "--threads",
    metavar="N,...",
    default="1",
    show_default=True,
    callback=lambda ctx, option, value: _numbers(value, 1),
    help="Threads of the inference, one number after the other.",
)
@click.option(
    "--cpus",
    metavar="N,...",
    callback=lambda ctx, option, value: _numbers(value, 0),
    help="Cores to stay on.  [default: all]",
)
@click.option(
    "--duty-cycle",
    "duty_cycle_ms",
    metavar="MS",
    type=click.FloatRange(min=0, min_open=True),
    help="Listen in real time as well, one inference every MS milliseconds: CPU percent, real-time factor.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=600, min_open=True),
    default=2.0,
    show_default=True,
    help="Time of the inference of each artefact; front ends, and artefacts behind them, get as much each on top.",
)
@json_option
@click.option(
    "--out",
    metavar="RUN.json",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Keep the record, for report, compare and history; the raw timings go beside it, RUN.npz.",
)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write a report as well, as `edgeasr report` does: .html, .md or .csv.",
)
def command(
    arguments: tuple[Path, ...],
    data: tuple[str, ...],
    split: "Split",
    leave_out: str | None,
    labels: tuple[str, ...],
    targets: tuple[str, ...],
    bootstrap: bool,
    clean: bool,
    threads: tuple[int, ...],
    cpus: tuple[int, ...],
    duty_cycle_ms: float | None,
    seconds: float,
    as_json: bool,
    out: Path | None,
    report: Path | None,
) -> None:
    """Compare speed, accuracy, size and memory with the float original.

    A bundle stands for its Keras model and all its artefacts; an artefact for itself. All of them take turns
    on the same inputs, so that the drift of a busy machine falls out of the comparison.

    \b
    edgeasr bench digits --out run.json --report bench.html
    edgeasr bench digits/ds-cnn.int8.tflite --data fsdd
    edgeasr bench digits --target ssh://pi@raspberrypi.local --bootstrap
    """
    from edgeasr_bench import Settings, bench_all
    from edgeasr_bench.report import check_format, write_report

    if report is not None:
        check_format(report)
    if out is not None and out.suffix != ".json":
        raise click.UsageError(f"--out: expected a file that ends in .json, got {out}")
    if not data and (leave_out or labels):
        raise click.UsageError("--leave-out and --labels are about a data set: pass --data NAME[:PATH]")

    if (bootstrap or clean) and not any(target.startswith("ssh:") for target in targets):
        raise click.UsageError("--bootstrap and --clean are about a device: pass --target ssh://[USER@]HOST[:PORT]")

    settings = Settings(
        data=data,
        split=split,
        leave_out=leave_out,
        labels=labels,
        threads=threads,
        seconds=seconds,
        cpus=cpus,
        duty_cycle_ms=duty_cycle_ms,
        bootstrap=bootstrap,
        clean=clean,
    )
    runs: list[Run] = []
    failures: dict[str, str] = {}
    with _progress() as progress:
        for target, found in bench_all(arguments, settings, targets, notify=note, progress=progress):
            if isinstance(found, EdgeASRError):
                if len(targets) == 1:
                    raise found
                failures[target] = " ".join(str(found).split())
                note(f"{target} failed: {failures[target]}")
                continue
            run = replace(found, command=shlex.join(["edgeasr", *sys.argv[1:]]))
            runs.append(run)
            if out is not None:  # at once: what is measured is kept, whatever becomes of the other targets
                _keep(run, out if len(targets) == 1 else out.with_stem(f"{out.stem}.{_slug(target)}"))
    if as_json and len(targets) == 1:
        click.echo(runs[0].to_json())
    elif as_json:
        click.echo(json.dumps({"runs": [json.loads(run.to_json()) for run in runs], "failures": failures}, indent=1))
    else:
        for number, run in enumerate(runs):
            if number:
                click.echo()
            _print(run)
    if report is not None and runs:
        write_report(report, runs)
        note(f"report: {report}")
    if failures:
        raise click.exceptions.Exit(1)


def _keep(run: "Run", path: Path) -> None:
    """Write the record, and the raw timings beside it."""
    write_text(path, run.to_json() + "\n")
    run.write_samples(path.with_suffix(".npz"))
    note(f"record: {path}")


def _slug(target: str) -> str:
    """Name a target as a part of a file name."""
    return re.sub("[^a-z0-9]+", "-", target.lower()).strip("-")


def _numbers(text: str | None, least: int) -> tuple[int, ...]:
    if not text:
        return ()
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < least or len(set(numbers)) < len(numbers):
        raise click.BadParameter(f"expected different whole numbers from {least}, such as 1,2,4, got {text!r}")
    return numbers


def _print(run: "Run") -> None:
    """Print a run for people, made for a terminal of 80 columns."""
    from edgeasr_bench.report import DUTY_CYCLE, SPEED, cost_of, describe, explain, summarise

    width = min(shutil.get_terminal_size().columns, 100)
    if run.target != "local":
        click.echo(run.target)
    _print_wrapped(describe(run.environment, run.results), width)
    click.echo()
    if run.kind == "measured":
        _print_results(SPEED, run.results, width)
    _print_results(cost_of(run), run.results, width)
    if listened := [result for result in run.results if result.duty_cycle and run.kind == "measured"]:
        _print_results(DUTY_CYCLE, listened, width)
    _print_wrapped(explain(run), width)
    click.echo()
    _print_wrapped(summarise(run), width)
    _print_wrapped((f"{result.artefact}: {line}." for result in run.results for line in result.notes), width)


def _print_results(columns: "Sequence[Column]", results: "Sequence[Result]", width: int) -> None:
    from edgeasr_bench.report import rows

    if len({result.threads for result in results}) > 1:
        columns = [("threads", lambda result: str(result.threads)), *columns]
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
