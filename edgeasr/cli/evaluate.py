"""`edgeasr evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.cli.options import (
    json_option,
    labels_option,
    leave_out_option,
    lm_option,
    runtime_option,
    split_option,
    threads_option,
)
from edgeasr.cli.output import note, print_json, print_table, progress_bar
from edgeasr.cli.spotting import spotter_config, spotter_options
from edgeasr.cli.stream import evaluate_stream
from edgeasr.cli.stream_options import StreamSettings, stream_options

if TYPE_CHECKING:
    from edgeasr.data.dataset import Example, Split
    from edgeasr.metrics.evaluation import Evaluation
    from edgeasr.runtime import Runtime

__all__ = ["command"]

_WORST = 5  # utterances shown


@click.command("evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", multiple=True, help="Data set, NAME[:PATH]; by default the one the bundle was trained on.")
@split_option
@leave_out_option
@labels_option
@lm_option
@runtime_option
@threads_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Write the confusion matrix as a PNG picture; with --stream misses against false accepts.",
)
@stream_options
@spotter_options
@json_option
def command(
    model: Path,
    data: tuple[str, ...],
    split: "Split",
    leave_out: str | None,
    labels: tuple[str, ...],
    lm: Path | None,
    runtime: str | None,
    threads: int,
    plot: Path | None,
    stream: StreamSettings | None,
    spotting: dict[str, Any],
    as_json: bool,
) -> None:
    """Measure the accuracy of a bundle or an artefact.

    Prints accuracy with its 95 % interval (Wilson), precision and recall of each label, and the confusion matrix; of a
    model that transcribes its word and character error rate with their 95 % intervals (bootstrap), and the worst
    utterances. With --stream, or a --recording, words missed, false accepts an hour with their exact 95 % interval
    (Poisson), and the latency, on continuous audio.

    \b
    edgeasr evaluate digits/ds-cnn.int8.tflite --data fsdd:fsdd.tar.xz
    edgeasr evaluate digits --stream --split dev --target-fa-per-hour 1 --write
    edgeasr evaluate orders/ctc-small.int8.tflite --lm orders/words.arpa
    """
    from edgeasr.data.arrays import load_inputs
    from edgeasr.metrics.evaluation import evaluate, labels_of
    from edgeasr.packages import check_installed
    from edgeasr.runtime import load
    from edgeasr.spot.settings import settings_bundle

    if spotting and not stream:
        raise click.UsageError("the options of a spotter are for continuous audio: pass --stream or --recording")
    loaded = load(model, runtime, threads)
    if stream:
        if labels or lm:
            raise click.UsageError("--labels and --lm are for clips: leave them out with --stream and --recording")
        if stream.recording and (data or leave_out):
            raise click.UsageError("--data and --leave-out choose clips: leave them out with --recording")
        if stream.write and stream.target_fa_per_hour is not None and split == "test" and not stream.recording:
            raise click.UsageError(
                "--write keeps no threshold that was chosen on the split test, which is to measure it: "
                "pass --split dev, then evaluate on test"
            )
        bundle = settings_bundle(model) if stream.write else None  # before minutes of work
        words = () if stream.recording else _examples(model, data, leave_out, split)[0]
        evaluate_stream(loaded, spotter_config(model, spotting), stream, words, split, plot, bundle, as_json)
        return
    if loaded.ctc and plot:
        raise click.UsageError("--plot draws a confusion matrix, and this model transcribes: leave it out")
    if lm and not loaded.ctc:
        raise click.UsageError("--lm is for models that transcribe: leave it out")
    if loaded.ctc:
        check_installed("jiwer", "wer", "measuring word errors")
    names = labels_of(loaded, labels)
    examples, specs = _examples(model, data, leave_out, split)
    note(f"{loaded.version} on {len(examples)} clips of {' + '.join(specs)}, {split} split")
    features, targets = load_inputs(examples, names, loaded.frontend, loaded.ctc)
    if loaded.ctc:
        _transcripts(loaded, [example.id for example in examples], features, targets, lm, as_json)
        return
    with progress_bar("evaluating") as progress:
        result = evaluate(loaded, names, features, targets, progress)
    if as_json:
        print_json(result.to_json())
    else:
        _print(result)
    if plot:
        from edgeasr.metrics.plot import plot_confusion

        plot_confusion(result.confusion, result.labels, plot)


def _examples(
    model: Path, data: tuple[str, ...], leave_out: str | None, split: "Split"
) -> tuple[tuple["Example", ...], tuple[str, ...]]:
    """Load the labelled clips of a split, and say of which data sets they are."""
    from edgeasr.data import load_datasets

    specs, speaker = (data, leave_out) if data else _data_of(model, leave_out)
    return load_datasets(specs, speaker).labelled(split), specs


def _transcripts(
    model: "Runtime", names: list[str], features: Any, targets: Any, lm: Path | None, as_json: bool
) -> None:
    from edgeasr.decode import BeamDecoder, LanguageModel
    from edgeasr.metrics.evaluation import evaluate_transcripts
    from edgeasr.metrics.transcription import transcription, worst

    decode = BeamDecoder(model.labels, LanguageModel.read(lm)) if lm else None
    with progress_bar("evaluating") as progress:
        utterances = evaluate_transcripts(model, names, features, targets, decode, progress)
    result = transcription(utterances)
    if as_json:
        print_json({**result.to_json(), "transcripts": [asdict(item) for item in utterances]})
        return
    click.echo(str(result))
    for item in worst(utterances, _WORST):
        click.echo(f"{item.name}\n  said  {item.reference}\n  heard {item.hypothesis}")


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
