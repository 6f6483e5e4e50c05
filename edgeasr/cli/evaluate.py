"""`edgeasr evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.cli.output import note, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from edgeasr.metrics.evaluation import Evaluation
    from edgeasr.runtime import Runtime

__all__ = ["command"]


@click.command("evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", multiple=True, help="Data set, NAME[:PATH]; by default the one the bundle was trained on.")
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    default="test",
    show_default=True,
    help="Part of the data.",
)
@click.option("--leave-out", metavar="SPEAKER", help="Test on this speaker alone.")
@click.option("--labels", help="Labels of the outputs, comma separated, for a file that carries none.")
@click.option("--runtime", help="Runtime, by default the one for the kind of file.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of the inference.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write the confusion matrix as a PNG picture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    model: Path,
    data: tuple[str, ...],
    split: str,
    leave_out: str | None,
    labels: str | None,
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
    from edgeasr.data.arrays import load_features
    from edgeasr.metrics.evaluation import evaluate
    from edgeasr.runtime import load

    loaded = load(model, runtime, threads)
    specs, speaker = _data_of(model, data, leave_out)
    examples, names = _examples(loaded, specs, speaker, split, labels)
    note(f"{loaded.name} ({loaded.version}) on {len(examples)} clips of {' + '.join(specs)}, {split} split")
    features, targets = load_features(examples, names, loaded.frontend)
    with progress_bar("evaluating", len(targets)) as advance:
        result = evaluate(loaded, names, features, targets, advance)
    if as_json:
        print_json(result.to_json())
    else:
        _print(result)
    if plot:
        from edgeasr.metrics.plot import plot_confusion

        plot_confusion(result.confusion, result.labels, plot)


def _data_of(model: Path, data: tuple[str, ...], leave_out: str | None) -> tuple[tuple[str, ...], str | None]:
    """Find the data sets to evaluate on: those given, or those of the bundle."""
    from edgeasr.bundle import Bundle

    if data:
        return data, leave_out
    folder = model if model.is_dir() else model.parent
    if not (folder / "manifest.json").exists():
        raise click.UsageError(f"{model} does not say which data it was trained on: pass --data NAME[:PATH]")
    training = Bundle.open(folder).manifest.training
    if not training.get("data"):
        raise click.UsageError(f"{folder} does not say which data it was trained on: pass --data NAME[:PATH]")
    return tuple(training["data"]), leave_out or training.get("leave_out")


def _examples(
    model: "Runtime", specs: tuple[str, ...], speaker: str | None, split: str, labels: str | None
) -> tuple[list[Any], tuple[str, ...]]:
    """Choose the labelled clips, and the labels of the model."""
    from edgeasr.data import load_dataset
    from edgeasr.data.dataset import leave_out
    from edgeasr.errors import ArtefactError

    datasets = [load_dataset(spec) for spec in specs]
    if speaker:
        datasets = [leave_out(dataset, speaker) for dataset in datasets if _speaks(dataset, speaker)] or [
            leave_out(datasets[0], speaker)
        ]
    names = tuple(label.strip() for label in labels.split(",")) if labels else model.labels
    if not names:
        raise ArtefactError(f"{model.path}: carries no labels: pass --labels in the order of its outputs")
    examples = [
        example
        for dataset in datasets
        for example in dataset.examples
        if example.split == split and example.label is not None
    ]
    return examples, names


def _speaks(dataset: Any, speaker: str) -> bool:
    return any(example.speaker == speaker for example in dataset.examples)


def _print(result: "Evaluation") -> None:
    accuracy = result.to_json()["accuracy"]
    click.echo(
        f"accuracy {accuracy['value']:.2%}  (95 % interval {accuracy['low']:.2%} to {accuracy['high']:.2%}, "
        f"{accuracy['correct']} of {accuracy['n']})"
    )
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
