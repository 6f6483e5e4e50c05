"""`edgeasr import`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeasr.cli.options import json_option, labels_option
from edgeasr.cli.output import note, print_json

if TYPE_CHECKING:
    from edgeasr.card import OutputKind

__all__ = ["command"]


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@labels_option
@click.option("--labels-file", type=click.Path(path_type=Path), help="The same, one a line.")
@click.option(
    "--frontend",
    required=True,
    metavar="FILE.toml|MODEL|none",
    help="How sound becomes the input: settings, or those of a model that `edgeasr train` knows; none: not known here.",
)
@click.option("--data", metavar="NAME[:PATH]", help="Data set to calibrate and verify exports with.")
@click.option(
    "--samples",
    "samples_file",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Instead: arrays calibration, verification [clips, ...], and targets [clips] if known.",
)
@click.option(
    "--output",
    type=click.Choice(["logits", "probabilities"]),
    help="What the model gives.  [default: by its scores]",
)
@click.option("--licence", default="", help="Licence of the weights, with attribution.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the bundle.")
@click.option("--overwrite", is_flag=True, help="Replace a bundle that stands at --out.")
@json_option
def command(
    file: Path,
    labels: tuple[str, ...],
    labels_file: Path | None,
    frontend: str,
    data: str | None,
    samples_file: Path | None,
    output: "OutputKind | None",
    licence: str,
    out: Path,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make a bundle of a model that was trained elsewhere.

    FILE is a .keras or .h5 file of Keras 3 or 2, the folder of a SavedModel, or a float .tflite or .onnx file. Real
    features are needed to calibrate and verify what is exported: give a data set, whose training and test splits are
    used, or the features themselves.

    \b
    edgeasr import kws.h5 --labels yes,no --frontend ds-cnn --data folder:clips \\
        --out kws
    """
    from edgeasr.metrics.classification import Accuracy
    from edgeasr_export.importing import find_frontend, formats_of, import_model, load_source
    from edgeasr_export.importing.samples import read_samples, samples_of_data

    if bool(labels) == bool(labels_file):
        raise click.UsageError("expected --labels or --labels-file: the names of the model's outputs, in their order")
    if bool(data) == bool(samples_file):
        raise click.UsageError(
            "expected --data or --samples: without real features nothing can be calibrated, and no export be verified"
        )
    names = _read_labels(labels_file) if labels_file else labels
    config = find_frontend(frontend)
    samples = read_samples(samples_file) if samples_file else samples_of_data((data or "",), names, config)
    note(f"reading {file} ...")
    bundle = import_model(
        file, out, names, config, samples, output=output, licence=licence, overwrite=overwrite, notify=note
    )
    manifest, formats = bundle.manifest, formats_of(load_source(bundle).kind)
    shape = list(bundle.samples().verification.shape[1:])
    if as_json:
        print_json(
            {
                "bundle": str(out),
                "model_file": manifest.model_file,
                "input_shape": shape,
                "labels": list(manifest.labels),
                "output": manifest.output,
                "formats": formats,
                "metrics": manifest.metrics,
            }
        )
        return
    click.echo(
        f"wrote {out}/: {manifest.model_file}, {' x '.join(map(str, shape))} in, {manifest.output} of "
        f"{len(manifest.labels)} labels out; can be exported to {' and '.join(formats)}"
    )
    if not manifest.metrics:
        click.echo("accuracy was not measured: the samples have no targets")
        return
    accuracy = Accuracy(**manifest.metrics["sample_accuracy"])
    click.echo(f"right on its verification clips: {accuracy}")
    if accuracy.low < 1 / len(manifest.labels):
        note(
            "warning: that may be chance: are the labels in the order of the outputs, and is the front end the model's?"
        )


def _read_labels(file: Path) -> tuple[str, ...]:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(line.strip() for line in lines if line.strip())
