"""`edgeasr wakeword`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeasr.atomic import write_text
from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, progress_bar

if TYPE_CHECKING:
    from edgeasr.bundle import Bundle
    from edgeasr.train.config import TrainConfig

__all__ = ["command"]

_EPOCHS, _EPOCHS_OF_RECORDINGS = 48, 60
_CHOOSING_LOOPS = 16  # of the background speech, in other noise each time: a few minutes alone prove little


@click.command("wakeword")
@click.argument("phrase")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the bundle.  [default: the phrase]")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME[:PATH]",
    help="Data set with recordings of the phrase by many speakers, who train; those of the first judge. Repeatable.",
)
@click.option(
    "--positives",
    type=click.Path(path_type=Path),
    help="Folder of your own recordings of the phrase, a saying a file, which train only; ten help.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help=f"Passes of the training.  [default: {_EPOCHS}, with --data {_EPOCHS_OF_RECORDINGS}]",
)
@click.option(
    "--target-fa-per-hour",
    type=FiniteRange(0),
    default=0.5,
    show_default=True,
    help="False accepts an hour that the threshold is chosen for.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the training.")
@click.option("--restart", is_flag=True, help="Forget an interrupted training instead of resuming it.")
@click.option("--overwrite", is_flag=True, help="Replace a bundle that stands at --out.")
@json_option
def command(
    phrase: str,
    out: Path | None,
    data: tuple[str, ...],
    positives: Path | None,
    epochs: int | None,
    target_fa_per_hour: float,
    seed: int,
    restart: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make a spotter of a word or phrase, recorded or not.

    Speaks it in many synthetic voices, and what sounds near to it; trains, exports int8, chooses a threshold on one
    stream and measures it on another. In both streams the phrase is said by the speakers of --data where that is given,
    else by synthetic voices. Interrupted, the same command goes on.

    \b
    edgeasr wakeword "hey robin"
    edgeasr wakeword computer --data wake-words
    """
    from edgeasr.config import to_mapping
    from edgeasr.metrics.operating_point import listen
    from edgeasr.runtime import load
    from edgeasr.train.wakeword import choose, model_card, wakeword_config, wakeword_stream
    from edgeasr_export import conversions, export_bundle

    conversions(("int8",), ("tflite",))  # a package that is missing is named before the training
    epochs = epochs or (_EPOCHS_OF_RECORDINGS if data else _EPOCHS)
    config = wakeword_config(phrase, data, str(positives) if positives else "", epochs, seed)
    out = out or Path(re.sub(r"[^a-z0-9]+", "-", phrase.lower()).strip("-") or "wakeword")
    bundle = _trained(config, out, restart, overwrite)
    note("converting to int8 ...")
    bundle = export_bundle(bundle, ("int8",), ("tflite",))
    artefact = bundle.path / bundle.manifest.artefacts[-1].name
    model = load(artefact)
    stream = wakeword_stream(config, "dev", model, note, _CHOOSING_LOOPS)
    note(f"choosing the threshold on {stream.clip.duration_s / 60:.0f} min with {len(stream.words)} keywords ...")
    with progress_bar("choosing the threshold") as progress:
        spotter = choose(model, stream, target_fa_per_hour, progress, note)
    stream = wakeword_stream(config, "test", model, note)
    note(f"measuring on {stream.clip.duration_s / 60:.0f} min with {len(stream.words)} keywords ...")
    with progress_bar("measuring") as progress:
        found = listen(model, spotter, stream.clip, progress).measure(spotter, stream.words)
    measured = {"artefact": artefact.name, "split": "test", **found.to_json()}
    write_text(bundle.path / "MODEL_CARD.md", model_card(bundle, artefact, config, spotter, found))
    bundle.keep_spotting({"config": to_mapping(spotter), "measured": measured})  # last: a bundle with it is ready
    if as_json:
        print_json({"bundle": str(out), "artefact": str(artefact), "threshold": spotter.threshold, **found.to_json()})
        return
    click.echo(f"wrote {artefact} ({artefact.stat().st_size / 1000:.1f} kB), threshold {spotter.threshold:g}")
    click.echo(f"On a stream of {'speakers' if data else 'voices'} that it was not trained with, in noise:")
    click.echo(str(found))
    click.echo(f"Try it: edgeasr listen {artefact}")


def _trained(config: "TrainConfig", out: Path, restart: bool, overwrite: bool) -> "Bundle":
    """Train, unless that was done already and what comes after it was interrupted."""
    from edgeasr.bundle import Bundle
    from edgeasr.config import to_mapping
    from edgeasr.errors import BundleError
    from edgeasr.train.fit import train

    if not restart:
        try:
            bundle = Bundle.open(out)
        except BundleError:
            pass
        else:
            if bundle.manifest.training == to_mapping(config) and not bundle.manifest.spotting:
                note(f"{out}: is trained already")
                return bundle
    with progress_bar("epoch") as progress:
        return train(config, out, report=note, progress=progress, restart=restart, overwrite=overwrite)
