"""`edgeasr reproduce`: a study of one of the documents that edgeasr starts from, done again."""

import shlex
import sys
from pathlib import Path

import click

from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table, progress_bar
from edgeasr.errors import TrainingError

__all__ = ["command"]


@click.command("reproduce")
@click.argument("study", required=False)
@click.option(
    "--quick", is_flag=True, help="Tiny data, few epochs: minutes instead of hours, and figures without meaning."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the study.  [default: runs/STUDY, runs/own/STUDY for a file]",
)
@click.option("--seeds", type=click.IntRange(min=1), help="Train each run with the seeds 0 to N - 1.")
@click.option("--run", "only", metavar="NAME", multiple=True, help="Train this run only; several are possible.")
@json_option
def command(
    study: str | None, quick: bool, out: Path | None, seeds: int | None, only: tuple[str, ...], as_json: bool
) -> None:
    """Do a study of one of the seed documents again, and compare its figures with ours.

    Trains every run with every seed, and writes a page (index.html and README.md) with tables, graphs and reasons.
    Interrupted, the same command goes on; what is trained already is only shown. A training that diverges is noted, the
    others go on, and the exit code is 1. STUDY is a name, or a .toml file; without one the studies are listed.

    \b
    edgeasr reproduce fsdd-cnn-rnn --quick
    """
    from edgeasr_bench.study import load_study, reproduce, study_names

    if study is None:
        titles = {name: load_study(name) for name in study_names()}
        if as_json:
            print_json(
                [{"study": name, "title": found.title, "source": found.source} for name, found in titles.items()]
            )
        else:
            print_table(("study", "title", "source"), [(name, s.title, s.source) for name, s in titles.items()])
        return
    loaded = load_study(study, quick, seeds)
    home = Path("runs", "own") if study.endswith(".toml") else Path("runs")  # a file may be called like a study of ours
    out = out or home / (Path(study).stem + ("-quick" if quick else ""))
    with progress_bar("epoch") as progress:
        line = shlex.join(["edgeasr", *sys.argv[1:]])
        record = reproduce(loaded, out, line, quick=quick, only=only, report=note, progress=progress)
    if as_json:
        click.echo(record.to_json())
    else:
        click.echo(f"wrote {out}/index.html, README.md, study.json")
    diverged = [
        f"{result.name} with seed {failure.seed}"
        for result in record.results
        if not only or result.name in only
        for failure in result.failures
    ]
    if diverged:
        raise TrainingError(f"{', '.join(diverged)} diverged: {out / 'README.md'} says when")
