"""`edgeasr history`: the bench records of a folder over time."""

from dataclasses import asdict
from pathlib import Path

import click

from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table

__all__ = ["command"]


@click.command("history")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--artefact", metavar="TEXT", default="", help="Only those with this text in their name.")
@json_option
def command(folder: Path, artefact: str, as_json: bool) -> None:
    """List the bench records of a folder over time, artefact by artefact.

    Records on another footing (target, processor, governor, cores, threads) are in tables of their own.

    \b
    edgeasr history benchmarks/baselines --artefact int8
    """
    from edgeasr_bench.history import read_history
    from edgeasr_bench.report.tables import count_threads

    series, skipped = read_history(folder, artefact)
    for line in skipped:
        note(f"left out: {line}")
    if as_json:
        print_json([asdict(one) for one in series])
        return
    for one in series:
        print_table(
            ("when (UTC)", "commit", ">p50 us", ">x float", ">score %", ">kB"),
            [
                (
                    entry.time_utc.removesuffix("Z").replace("T", " "),
                    (entry.git_sha or "-")[:9],
                    "-" if entry.p50_us is None else f"{entry.p50_us:.1f}",
                    "-" if entry.times_faster is None else f"{entry.times_faster:.2f}",
                    "-" if entry.score is None else f"{entry.score:.1f}",
                    f"{entry.bytes / 1000:.1f}",
                )
                for entry in one.entries
            ],
            title=f"{one.artefact}, {count_threads(one.threads)}, {one.footing}",
        )
