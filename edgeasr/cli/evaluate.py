"""`edgeasr evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeasr.cli.options import (
    json_option,
    labels_option,
    leave_out_option,
    runtime_option,
    split_option,
    threads_option,
)
from edgeasr.cli.output import note, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from edgeasr.data.dataset import Split
    from edgeasr.metrics.evaluation import Evaluation

__all__ = ["command"]


@click.command("evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", multiple=True, help="Data set, NAME[:PATH]; by default the one the bundle was trained on.")
@split_option
@leave_out_option
@labels_option
@runtime_option
@threads_option
@click.option("--plot", type=click.Path(path_type=Path), help="Write the confusion matrix as a PNG picture.")
@json_option
def command(
    model: Path,
    data: tuple[str, ...],
    split: "Split",
    leave_out: str | None,
    labels: tuple[str, ...],
    runtime: str | None,
    threads: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure the accuracy of a bundle or an artefact.

    Prints accuracy with its 95 % interval (Wilson), precision and recall of each label, and the confusion matrix.

    \b
    edgeasr evaluate digits/ds-cnn.int8.tflite --data fsdd:fsdd.tar.xz
    """
    from edgeasr.data import load_datasets
    from edgeasr.data.arrays import load_features
    from edgeasr.metrics.evaluation import evaluate, labels_of
    from edgeasr.runtime import load

    loaded = load(model, runtime, threads)
    names = labels_of(loaded, labels)
    specs, speaker = (data, leave_out) if data else _data_of(model, leave_out)
    examples = load_datasets(specs, speaker).labelled(split)
    note(f"{loaded.version} on {len(examples)} clips of {' + '.join(specs)}, {split} split")
    features, targets = load_features(examples, names, loaded.frontend)
    with progress_bar("evaluating") as progress:
        result = evaluate(loaded, names, features, targets, progress)
    if as_json:
        print_json(result.to_json())
    else:
        _print(result)
    if plot:
        from edgeasr.metrics.plot import plot_confusion

        plot_confusion(result.confusion, result.labels, plot)


def _data_of(model: Path, leave_out: str | None) -> tuple[tuple[str, ...], str | None]:
    """Find the data sets that the bundle of a model was trained on, and the speaker who was left out."""
    from edgeasr.bundle import Bundle
    from edgeasr.errors import BundleError

    try:
        training = Bundle.open(model if model.is_dir() else model.parent).manifest.training
    except BundleError:
        training = {}
    if not training.get("data"):
        raise click.UsageError(f"{model} does not say which data it was trained on: pass --data NAME[:PATH]")
    return tuple(training["data"]), leave_out or training.get("leave_out")


def _print(result: "Evaluation") -> None:
    click.echo(f"accuracy {result.accuracy}")
    print_table(
        ("label", ">precision", ">recall", ">f1", ">clips"),
        [
            (label, f"{item.precision:.1%}", f"{item.recall:.1%}", f"{item.f1:.3f}", str(item.support))
            for label, item in result.per_class.items()
        ],
    )
    click.echo("confusion: a row for what was said, a column for what was recognised")
    width = max(4, len(str(result.confusion.max())) + 1)
    name_width = max(map(len, result.labels)) + 1
    click.echo(" " * name_width + "".join(f"{label[: width - 1]:>{width}}" for label in result.labels))
    for label, row in zip(result.labels, result.confusion, strict=True):
        click.echo(f"{label:<{name_width}}" + "".join(f"{count or '.':>{width}}" for count in row))
