"""`edgeasr bench`: what an artefact costs and what it is worth, beside the float original."""

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeasr.atomic import write_text
from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.options import json_option, labels_option, leave_out_option, runtime_option, split_option
from edgeasr.cli.output import note
from edgeasr.cli.run_table import print_run
from edgeasr.errors import ConfigError, EdgeASRError

if TYPE_CHECKING:
    from edgeasr.data.dataset import Split
    from edgeasr_bench import Run, Settings
    from edgeasr_bench.choice import Condition

__all__ = ["command"]

_MLPERF_WINDOW_S = 10.0


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
    help="Where: local, browser, ssh://[USER@]HOST[:PORT], emulated:pi4, board:cortex-m4f, ethos-u55-128, "
    "serial:///dev/PORT, tcp://HOST:PORT; several at once, or a FLEET.toml of them.",
)
@runtime_option
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
    type=FiniteRange(min=0, min_open=True),
    help="Listen in real time as well, one inference every MS milliseconds: CPU percent, real-time factor.",
)
@click.option(
    "--seconds",
    type=FiniteRange(min=0, max=600, min_open=True),
    default=2.0,
    show_default=True,
    help="Time of the inference of each artefact; front ends, and artefacts behind them, get as much each on top.",
)
@click.option("--mlperf", is_flag=True, help="Count inferences as MLPerf Tiny does as well: five windows of 10 s each.")
@click.option(
    "--choose",
    "conditions",
    metavar="CONDITIONS",
    callback=lambda ctx, option, value: _conditions(value),
    help='Name what to ship: the fastest that meets "accuracy_drop<=0.5,bytes<=200k", say.',
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
    runtime: str | None,
    bootstrap: bool,
    clean: bool,
    threads: tuple[int, ...],
    cpus: tuple[int, ...],
    duty_cycle_ms: float | None,
    seconds: float,
    mlperf: bool,
    conditions: "tuple[Condition, ...]",
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
    edgeasr bench digits --choose "accuracy_drop<=0.5,bytes<=200k"
    """
    from edgeasr_bench import Settings, bench_all
    from edgeasr_bench.choice import choose
    from edgeasr_bench.report import check_format, write_report

    if report is not None:
        check_format(report)
    if out is not None and out.suffix != ".json":
        raise click.UsageError(f"--out: expected a file that ends in .json, got {out}")
    if not data and (leave_out or labels):
        raise click.UsageError("--leave-out and --labels are about a data set: pass --data NAME[:PATH]")

    settings = Settings(
        data=data,
        split=split,
        leave_out=leave_out,
        labels=labels,
        threads=threads,
        seconds=seconds,
        cpus=cpus,
        duty_cycle_ms=duty_cycle_ms,
        window_s=_MLPERF_WINDOW_S if mlperf else None,
        bootstrap=bootstrap,
        clean=clean,
    )
    fleet = _fleet(targets, settings)
    if (bootstrap or clean) and not any(target.startswith("ssh:") for target in fleet):
        raise click.UsageError("--bootstrap and --clean are about a device: pass --target ssh://[USER@]HOST[:PORT]")
    for path in filter(None, (out, report)):
        path.parent.mkdir(parents=True, exist_ok=True)  # where it cannot be, that is better known before it is measured
    runs: list[Run] = []
    failures: dict[str, str] = {}
    with _progress() as progress:
        for target, found in bench_all(arguments, fleet, runtime=runtime, notify=note, progress=progress):
            if isinstance(found, EdgeASRError):
                if len(fleet) == 1:
                    raise found
                failures[target] = " ".join(str(found).removeprefix(f"{target}: ").split())
                note(f"{target} failed: {failures[target]}")
                continue
            choice = choose(found, conditions) if conditions else None
            run = replace(found, command=shlex.join(["edgeasr", *sys.argv[1:]]), choice=choice)
            runs.append(run)
            if out is not None:  # at once: what is measured is kept, whatever becomes of the other targets
                _keep(run, out if len(fleet) == 1 else out.with_stem(f"{out.stem}.{_slug(target)}"))
    if as_json:
        click.echo(_json(runs, failures) if len(fleet) > 1 else runs[0].to_json())
    else:
        _print(runs)
    if report is not None and runs:
        write_report(report, runs)
        note(f"report: {report}")
    if failures or any(run.lost or (run.choice and run.choice.artefact is None) for run in runs):
        raise click.exceptions.Exit(1)


def _fleet(targets: Sequence[str], settings: "Settings") -> "dict[str, Settings]":
    """Give each target its settings; FLEET.toml stands for the targets in it."""
    from edgeasr_bench.fleet import read_fleet

    fleet: dict[str, Settings] = {}
    for target in targets:
        more = read_fleet(Path(target), settings) if target.endswith(".toml") else {target: settings}
        if twice := fleet.keys() & more:
            raise ConfigError(f"expected each target once, got {min(twice)} twice")
        fleet |= more
    return fleet


def _json(runs: "Sequence[Run]", failures: dict[str, str]) -> str:
    """Write the runs of several targets, and why the others failed."""
    return json.dumps({"runs": [json.loads(run.to_json()) for run in runs], "failures": failures}, indent=1)


def _print(runs: "Sequence[Run]") -> None:
    for number, run in enumerate(runs):
        if number:
            click.echo()
        if len(runs) > 1 or run.target != "local":
            click.echo(run.target)
        print_run(run)


def _keep(run: "Run", path: Path) -> None:
    """Write the record, and the raw timings beside it."""
    write_text(path, run.to_json() + "\n")
    run.write_samples(path.with_suffix(".npz"))
    note(f"record: {path}")


def _slug(target: str) -> str:
    """Name a target as a part of a file name."""
    return re.sub("[^a-z0-9]+", "-", target.lower()).strip("-")


def _conditions(text: str | None) -> "tuple[Condition, ...]":
    from edgeasr_bench.choice import read_conditions

    try:
        return () if text is None else read_conditions(text)
    except ConfigError as error:
        raise click.BadParameter(str(error)) from error


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
