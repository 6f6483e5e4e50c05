"""`edgeasr export`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from edgeasr.bundle import Bundle

__all__ = ["command"]


_SCHEMES = (
    ("int8", "Full int8 (the default)."),
    ("float32", "The float artefact to compare with."),
    ("float16", "float16 weights."),
    ("dynamic", "int8 weights; activations quantised as they come."),
    ("int16x8", "int8 weights, int16 activations (TFLite only)."),
    ("int8-weights", "int8 weights, computed in float."),
    ("int4-weights", "int4 weights, computed in float (TFLite only)."),
)
_MAX_DROP = 0.5  # percent, of --auto
_SLOWER = 0.95  # times float32: less is no noise


def _scheme_options(function: Callable[..., None]) -> Callable[..., None]:
    for name, text in reversed(_SCHEMES):
        function = click.option(f"--{name}", "schemes", flag_value=name, multiple=True, help=text)(function)
    return function


@click.command("export")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@_scheme_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["tflite", "onnx", "tflite-stateful", "esphome", "all"]),
    default="all",
    show_default=True,
    help="Kind of file to write; the third and fourth are TFLite with state inside (docs/esphome.md).",
)
@click.option("--streaming", is_flag=True, help="Cut the model into steps: a hop of features and its own state.")
@click.option(
    "--with-frontend", is_flag=True, help="Put the front end into the model: sound in. Written to another bundle."
)
@click.option(
    "--data",
    metavar="NAME[:PATH]",
    multiple=True,
    help="Clips for --with-frontend; repeatable.  [default: those of the training]",
)
@click.option(
    "--calibration",
    type=click.Choice(["auto", "minmax", "percentile", "mse", "entropy"]),
    default="auto",
    show_default=True,
    help="How the ranges of the activations are chosen; auto tries three.",
)
@click.option("--keep-float", metavar="LAYER", multiple=True, help="A layer that stays float; repeatable.")
@click.option("--auto", is_flag=True, help=f"As --max-drop {_MAX_DROP}.")
@click.option(
    "--max-drop",
    metavar="PERCENT",
    type=FiniteRange(min=0, max=100, max_open=True),
    help="Keep as few layers float as it takes for no more answers to change.",
)
@click.option(
    "--improve",
    metavar="PASS,...",
    default="",
    help="Prepare the weights: fold, equalise, rounding, bias (docs/exporting.md).",
)
@click.option(
    "--finetune",
    metavar="EPOCHS",
    type=click.IntRange(min=0),
    default=0,
    help="Train on with quantisation simulated, on the data of the training.",
)
@click.option("--per-tensor", is_flag=True, help="One scale a weight tensor, not one a channel.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the built-in model, without BUNDLE, or for --with-frontend.  [default: digits; BUNDLE-sound]",
)
@click.option("--time-limit", type=FiniteRange(min=1), default=600, show_default=True, help="Seconds a conversion.")
@json_option
def command(
    bundle: Path | None,
    schemes: tuple[str, ...],
    format_: str,
    streaming: bool,
    with_frontend: bool,
    data: tuple[str, ...],
    calibration: str,
    keep_float: tuple[str, ...],
    auto: bool,
    max_drop: float | None,
    improve: str,
    finetune: int,
    per_tensor: bool,
    out: Path | None,
    time_limit: float,
    as_json: bool,
) -> None:
    """Convert a bundle to quantised TFLite and ONNX, and verify it.

    Without BUNDLE the built-in digit model is exported, to the folder of --out. Every file is verified against the
    Keras original on real features before it is kept, and carries labels, front end and quantisation inside.

    \b
    edgeasr export digits-bundle --int8 --float32
    """
    from edgeasr.builtin import BUILTIN, copy_builtin
    from edgeasr.bundle import Bundle
    from edgeasr_export import ExportSettings, PartialExportError, conversions, export_bundle
    from edgeasr_export.audio import bundle_of_sound
    from edgeasr_export.importing import formats_of, load_source

    if bundle and out and not with_frontend:
        raise click.UsageError("--out is for the built-in model; the files of a bundle are written into it")
    if data and not with_frontend:
        raise click.UsageError("--data is for --with-frontend; without it a bundle has its own samples")
    settings = ExportSettings(
        calibration=calibration,
        keep_float=keep_float,
        max_drop=_MAX_DROP if auto and max_drop is None else max_drop,
        per_tensor=per_tensor,
        improve=tuple(name for name in improve.split(",") if name),
        finetune_epochs=finetune,
        streaming=streaming,
    )
    names = tuple(dict.fromkeys(schemes or ("int8",)))
    formats = None if format_ == "all" else (format_,)
    conversions(names, formats)  # a package that is missing is named before the built-in model is copied
    if with_frontend:
        folder = out or Path(f"{bundle or 'digits'}-sound")
        opened = bundle_of_sound(Bundle.open(bundle or BUILTIN), folder, data, note)
    else:
        opened = Bundle.open(bundle) if bundle else copy_builtin(out or Path("digits"))
    steps = conversions(names, formats, formats_of(load_source(opened).kind))
    failure = None
    try:
        made = export_bundle(
            opened,
            names,
            formats,
            settings,
            time_limit_s=time_limit,
            progress=lambda step: note(f"converting {step} ..."),
        ).manifest.artefacts[-len(steps) :]
    except PartialExportError as error:
        made, failure = error.made, error
    artefacts: list[dict[str, Any]] = [
        {
            "format": item.format,
            "scheme": item.scheme,
            "path": str(opened.path / item.name),
            "bytes": (opened.path / item.name).stat().st_size,
            "verification": item.verification,
        }
        for item in made
    ]
    if as_json:
        print_json({"artefacts": artefacts})
    elif artefacts:
        _print(artefacts, opened)
    if failure:
        raise failure


def _print(artefacts: list[dict[str, Any]], bundle: "Bundle") -> None:
    model = bundle.manifest.model
    rows = [
        (
            _short(item, model),
            f"{item['bytes'] / 1000:.1f} kB",
            f"{item['verification']['agreement']:.1%}",
            f"{item['verification']['max_abs_error']:.2g}",
            _percent(item["verification"]["accuracy"]),
            _ratio(item["verification"]["speed"]),
        )
        for item in artefacts
    ]
    print_table(("artefact", ">size", ">agrees", ">diff", ">accuracy", ">x float"), rows)
    if bundle.manifest.ctc:
        click.echo("agrees: of the characters; accuracy: transcripts without any error")
    for item in artefacts:
        for line in _remarks(item):
            click.echo(f"{_short(item, model)}: {line}")
    checked = artefacts[0]["verification"]
    original = (
        "" if checked["accuracy_original"] is None else f", of which it has {checked['accuracy_original']:.1%} right"
    )
    click.echo(f"Verified against the original on {checked['samples']} clips{original}.")
    click.echo(f"Written to {bundle.path}/{model}.*")


def _short(artefact: dict[str, Any], model: str) -> str:
    """Name an artefact without its model, which all have."""
    return Path(artefact["path"]).name.removeprefix(f"{model}.")


def _remarks(artefact: dict[str, Any]) -> Iterator[str]:
    verification = artefact["verification"]
    yield from verification["notes"]
    if verification["speed"] is not None and verification["speed"] < _SLOWER:
        slower = f"{verification['speed']:.2f} x"
        yield f"slower than float32 on this machine ({slower}); `edgeasr bench` measures it with an interval"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
