"""`edgeasr compare`: what changed from one bench record to another, for people and for CI."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from edgeasr_bench.regression import By, Change

__all__ = ["command"]


@click.command("compare")
@click.argument("before", metavar="BEFORE.json", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER.json", type=click.Path(path_type=Path))
@click.option(
    "--by",
    type=click.Choice(["time", "ratio"]),
    default="time",
    show_default=True,
    help="Judge the time, or its share of the time of float32 in that run, which the clock changes less.",
)
@click.option(
    "--max-regression",
    metavar="PERCENT",
    type=FiniteRange(min=0),
    help="Exit with 1 if an artefact is surely slower by more: the whole 95 % interval lies beyond.",
)
@json_option
@click.pass_context
def command(
    context: click.Context, before: Path, after: Path, by: "By", max_regression: float | None, as_json: bool
) -> None:
    """Say what changed from one bench record to another, in percent with its interval.

    Records of another target, processor, governor or number of cores are refused, and artefacts are compared only
    with themselves, in the same runtime with as many threads.

    \b
    edgeasr compare before.json after.json --max-regression 5
    """
    from edgeasr_bench.record import Run
    from edgeasr_bench.regression import compare_runs, differences

    earlier, later = Run.read(before), Run.read(after)
    changes = compare_runs(earlier, later, by)
    limit = float("inf") if max_regression is None else max_regression
    slower = [change for change in changes if change.low_percent > limit]
    if as_json:
        print_json(
            {
                "by": by,
                "changes": [asdict(change) for change in changes],
                "differences": differences(earlier, later),
                "slower": [change.artefact for change in slower],
            }
        )
    else:
        _print(changes)
        click.echo("before, after: us of a call, in the tenth of the rounds that was disturbed least")
        click.echo(f"change of the {by}, above 0 is slower (95 %); accuracy in points")
    for line in differences(earlier, later):
        note(f"not the same: {line}")
    for change in slower:
        note(f"{change.artefact}: slower by more than {limit:g} %")
    context.exit(1 if slower else 0)


def _print(changes: "Sequence[Change]") -> None:
    """Print the changes, a table for each number of threads."""
    from edgeasr_bench.report.tables import count_threads, short_name

    for threads in sorted({change.threads for change in changes}):
        print_table(
            ("artefact", ">before", ">after", ">change %", ">accuracy"),
            [
                (
                    short_name(change.artefact),
                    f"{change.before_us:.1f}",
                    f"{change.after_us:.1f}",
                    f"{change.percent:+.1f} ({change.low_percent:+.1f} to {change.high_percent:+.1f})",
                    "-" if change.accuracy_points is None else f"{change.accuracy_points:+.1f}",
                )
                for change in changes
                if change.threads == threads
            ],
            title=count_threads(threads),
        )
