"""`edgeasr report`: records of bench as a page to read and to show."""

from pathlib import Path

import click

from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json

__all__ = ["command"]


@click.command("report")
@click.argument("records", metavar="RUN.json...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    default="report.html",
    show_default=True,
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where to write it; the ending says as what: .html (one file, nothing else needed), .md or .csv.",
)
@json_option
def command(records: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Make a page of bench records: in words, in drawings and in tables.

    A record is what `edgeasr bench --out RUN.json` keeps. Times are ranked only where artefacts took turns in one run,
    with as many threads, on the target itself.

    \b
    edgeasr report run.json --out report.html
    edgeasr report pi.json desktop.json --out report.md
    """
    from edgeasr_bench.record import Run
    from edgeasr_bench.report import check_format, summarise, write_report

    check_format(out)
    runs = [Run.read(path) for path in records]
    write_report(out, runs)
    note(f"report: {out}")
    lines = [
        line if len(runs) == 1 else f"{path}: {line}"
        for path, run in zip(records, runs, strict=True)
        for line in summarise(run)
    ]
    if as_json:
        print_json({"report": str(out), "bytes": out.stat().st_size, "summary": lines})
    else:
        for line in lines:
            click.echo(line)
