"""`edgeasr export`."""

from pathlib import Path
from typing import Any

import click

from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table

__all__ = ["command"]


@click.command("export")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option("--int8", "schemes", flag_value="int8", multiple=True, help="Full int8 (the default).")
@click.option("--float32", "schemes", flag_value="float32", multiple=True, help="The float artefact to compare with.")
@click.option("--float16", "schemes", flag_value="float16", multiple=True, help="float16 weights.")
@click.option("--dynamic", "schemes", flag_value="dynamic", multiple=True, help="int8 weights, float activations.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["tflite", "onnx", "all"]),
    default="all",
    show_default=True,
    help="Kind of file to write.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the built-in model, without BUNDLE.  [default: digits]",
)
@click.option(
    "--time-limit", type=click.FloatRange(min=1), default=600, show_default=True, help="Seconds a conversion."
)
@json_option
def command(
    bundle: Path | None, schemes: tuple[str, ...], format_: str, out: Path | None, time_limit: float, as_json: bool
) -> None:
    """Convert a bundle to quantised TFLite and ONNX, and verify it.

    Without BUNDLE the built-in digit model is exported, to the folder of --out. Every file is verified against the
    Keras original on real features before it is kept, and carries labels, front end and quantisation inside.

    \b
    edgeasr export digits-bundle --int8 --float32
    """
    from edgeasr.builtin import copy_builtin
    from edgeasr.bundle import Bundle
    from edgeasr_export import EXPORTERS, export_bundle
    from edgeasr_export.exporters import exporter

    if bundle and out:
        raise click.UsageError("--out is for the built-in model; the files of a bundle are written into it")
    names = tuple(dict.fromkeys(schemes or ("int8",)))
    formats = tuple(EXPORTERS) if format_ == "all" else (format_,)
    for name in formats:
        exporter(name)  # a package that is missing is named before the built-in model is copied
    opened = Bundle.open(bundle) if bundle else copy_builtin(out or Path("digits"))
    exported: Bundle = export_bundle(
        opened, names, formats, time_limit_s=time_limit, progress=lambda step: note(f"converting {step} ...")
    )
    made = [item for item in exported.manifest.artefacts if item.scheme in names and item.format in formats]
    artefacts: list[dict[str, Any]] = [
        {
            "format": item.format,
            "scheme": item.scheme,
            "path": str(exported.path / item.name),
            "bytes": (exported.path / item.name).stat().st_size,
            "verification": item.verification,
        }
        for item in made
    ]
    if as_json:
        print_json({"artefacts": artefacts})
        return
    rows = [
        (
            Path(item["path"]).name,
            f"{item['bytes'] / 1000:.1f} kB",
            f"{item['verification']['agreement']:.1%}",
            f"{item['verification']['max_abs_error']:.2g}",
            _percent(item["verification"]["accuracy"]),
            _percent(item["verification"]["accuracy_original"]),
        )
        for item in artefacts
    ]
    print_table(("artefact", ">size", ">agrees", ">diff", ">accuracy", ">original"), rows)
    samples = artefacts[0]["verification"]["samples"]
    if exported.manifest.ctc:
        click.echo("agrees: of the characters; accuracy: transcripts without any error")
    click.echo(f"Verified against the Keras original on {samples} clips; written to {exported.path}/")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
