"""`edgeasr train`."""

from pathlib import Path
from typing import Any

import click

from edgeasr.cli.options import json_option, leave_out_option
from edgeasr.cli.output import note, print_json, progress_bar
from edgeasr.models import MODELS

__all__ = ["command"]


@click.command("train")
@click.argument("model", required=False, type=click.Choice(list(MODELS)))
@click.option("--data", multiple=True, help="Data set, NAME[:PATH]; several are joined.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the bundle.")
@click.option("--recipe", type=click.Path(path_type=Path), help="TOML file with settings; options here go before it.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training split.  [default: 40]")
@click.option("--batch-size", type=click.IntRange(min=1), help="Clips in a step.  [default: 32]")
@click.option("--learning-rate", type=float, help="At the start; falls to zero.  [default: 0.001]")
@click.option("--patience", type=click.IntRange(min=0), help="Stop after so many epochs without a better one.")
@click.option("--start-from", metavar="BUNDLE", help="Start from its weights, as far as layers are alike.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The same seed gives the same model.  [default: 0]")
@leave_out_option
@click.option("--restart", is_flag=True, help="Forget an interrupted training instead of resuming it.")
@click.option("--overwrite", is_flag=True, help="Replace a bundle that stands at --out.")
@json_option
def command(
    model: str | None,
    out: Path,
    recipe: Path | None,
    restart: bool,
    overwrite: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Train a model on labelled speech and write a bundle.

    Interrupted, the same command goes on after the last whole epoch, with the same result. Settings come from the
    recipe; options go before it.

    \b
    edgeasr train ds-cnn --data fsdd --out digits-bundle
    """
    from edgeasr.config import from_mapping, read_toml
    from edgeasr.metrics.classification import Accuracy
    from edgeasr.metrics.transcription import Transcription
    from edgeasr.train.config import TrainConfig
    from edgeasr.train.fit import train

    settings = read_toml(recipe) if recipe else {}
    given = {"model": model, **flags, "data": flags["data"] or None}
    settings |= {name: value for name, value in given.items() if value is not None}
    for name, option in (("model", "MODEL"), ("data", "--data")):
        if not settings.get(name):
            raise click.UsageError(f"missing {option}: pass it, or a --recipe that has it")
    config = from_mapping(TrainConfig, settings, str(recipe) if recipe else "options")
    with progress_bar("epoch") as progress:
        bundle = train(config, out, report=note, progress=progress, restart=restart, overwrite=overwrite)
    metrics = bundle.manifest.metrics
    if as_json:
        print_json({"bundle": str(out), "labels": list(bundle.manifest.labels), "metrics": metrics})
        return
    click.echo(f"wrote {out}/ (epoch {metrics['best_epoch']}, the best on the dev split)")
    if "test_accuracy" in metrics:
        click.echo(f"test accuracy {Accuracy(**metrics['test_accuracy'])}")
    if "test_wer" in metrics:
        click.echo(f"on the test split: {Transcription(**metrics['test_wer'])}")
