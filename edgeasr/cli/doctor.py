"""`edgeasr doctor`: what is installed here, what works and what is missing."""

import dataclasses
import json

import click

from edgeasr.cli.finite import FiniteRange
from edgeasr.doctor import Report, diagnose

__all__ = ["command"]

_STYLES = {"ok": "green", "missing": "yellow", "broken": "bold red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--timeout",
    "timeout_s",
    type=FiniteRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds that a package may take to answer.",
)
def command(as_json: bool, timeout_s: float) -> None:
    """Say what is installed here, what works and what is missing.

    \b
    edgeasr doctor
    edgeasr doctor --json

    Every package is imported and used in a process of its own: one that crashes or hangs is reported, and the
    rest is examined all the same. The exit code is 0, whatever is found.
    """
    from rich.console import Console

    with Console(stderr=True).status("Trying every package in a process of its own"):
        report = diagnose(timeout_s)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report)))
    else:
        _show(report)


def _show(report: Report) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cpu = report.cpu
    has = " ".join(name for name, there in cpu.features.items() if there) or "none that is known"
    lacks = " ".join(name for name, there in cpu.features.items() if not there)
    console = Console(highlight=False)
    console.print(f"edgeasr {report.edgeasr}, Python {report.python}, {report.platform}", markup=False)
    console.print(f"CPU: {cpu.model or 'unknown'} ({cpu.architecture}), {cpu.logical_cores} cores", markup=False)
    console.print(f"     vector instructions: {has}{f', without {lacks}' if lacks else ''}", markup=False)
    console.print(f"GPU: {', '.join(gpu['name'] for gpu in report.gpu) or 'none that Keras sees'}", markup=False)

    table = Table(box=box.SIMPLE)
    for heading in ("for", "package", "state", "detail"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "state")
    for finding in report.runtimes:
        table.add_row(
            finding.name,
            f"{finding.package} {finding.version}".strip(),
            Text(finding.status, style=_STYLES[finding.status]),
            Text(finding.detail),
        )
    console.print(table)
    for finding in report.runtimes:
        if finding.fix:
            console.print(f"{finding.name}: {finding.fix}", markup=False, soft_wrap=True)
