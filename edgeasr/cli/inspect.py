"""`edgeasr inspect`."""

import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.cli.options import json_option
from edgeasr.cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from edgeasr_export.inspection import Difference, Layer

__all__ = ["command"]

_CLIPS = 32
_LONGEST_NAME = 28


@click.command("inspect")
@click.argument("artefact", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--against",
    metavar="BUNDLE",
    type=click.Path(path_type=Path),
    help="Compare each activation with that of the float original, on the bundle's own features.",
)
@click.option("--clips", type=click.IntRange(min=1), default=_CLIPS, show_default=True, help="Clips to compare on.")
@click.option(
    "--plot",
    metavar="FILE.png",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Draw the comparison as well.",
)
@json_option
def command(artefact: Path, against: Path | None, clips: int, plot: Path | None, as_json: bool) -> None:
    """Look into a .tflite or .onnx file: operators, shapes, sizes, scales.

    Of the JSON manifest of a microWakeWord model it says whether ESPHome takes it.

    With --against it says where quantisation loses: the signal-to-noise ratio of every activation, the worst first.

    \b
    edgeasr inspect digits/ds-cnn.int8.tflite --against digits
    """
    from edgeasr.microwakeword import model_of
    from edgeasr.runtime import load
    from edgeasr_export.inspection import describe

    if plot and not against:
        raise click.UsageError("--plot draws the comparison: pass --against BUNDLE")
    refused = _refused(artefact) if artefact.suffix == ".json" else None
    artefact = model_of(artefact)
    layers = describe(artefact)
    card = load(artefact).card
    differences = _compare(artefact, against, clips) if against else []
    if plot:
        from edgeasr_export.inspection.plot import plot_differences

        plot_differences(differences, artefact.name, plot)
        note(f"picture: {plot}")
    if as_json:
        found: dict[str, Any] = {"layers": [asdict(layer) for layer in layers], "card": card and asdict(card)}
        if refused is not None:
            found["esphome_refuses"] = refused
        if against:
            found["differences"] = [
                {**asdict(one), "snr_db": one.snr_db if math.isfinite(one.snr_db) else None} for one in differences
            ]
        print_json(found)
        return
    if differences:
        _print_differences(differences)
        return
    _print_layers(layers)
    if refused is not None:
        click.echo(f"ESPHome refuses it: {'; '.join(refused)}" if refused else "passes the checks of ESPHome's loader")
    if card:
        origin = f", of the model {card.model_sha256[:12]}" if card.model_sha256 else ""
        click.echo(f"{card.model}, {card.scheme}{origin}")
        click.echo(f"labels: {' '.join(card.labels)}")
        click.echo(f"licence: {card.licence or 'not stated'}")
    else:
        click.echo("carries no labels and no front end: it was not written by edgeasr")


def _refused(manifest: Path) -> list[str]:
    """List what ESPHome would refuse a manifest for; the size of its arena is checked where tflite-micro is there."""
    from importlib.util import find_spec

    from edgeasr.microwakeword import model_of, read_manifest, refusals
    from edgeasr.tflite.arena import measure_arena_bytes

    found = refusals(manifest)
    if find_spec("tflite_micro") and not found:
        size, taken = read_manifest(manifest).micro.tensor_arena_size, measure_arena_bytes(model_of(manifest))
        if taken > size:
            found.append(f"expected a tensor_arena_size of {taken} at least, got {size}")
    return found


def _compare(artefact: Path, against: Path, clips: int) -> "list[Difference]":
    from edgeasr.bundle import Bundle
    from edgeasr_export.inspection import compare, find_original

    bundle = Bundle.open(against)
    with tempfile.TemporaryDirectory(prefix="edgeasr-inspect.") as scratch:
        original = find_original(artefact, bundle, Path(scratch), note)
        return compare(artefact, original, bundle.samples().verification[:clips])


def _print_layers(layers: "list[Layer]") -> None:
    print_table(
        ("layer", "operator", "shape", "type", ">weights B", ">MACs", ">scale"),
        [
            (
                _short(layer.name),
                layer.operator,
                "x".join(map(str, layer.shape)),
                layer.dtype,
                f"{layer.weight_bytes:,}" if layer.weight_bytes else "",
                f"{layer.macs:,}" if layer.macs else "",
                "" if layer.scale is None else f"{layer.scale:.3g}",
            )
            for layer in layers
        ],
    )
    weights, macs = sum(layer.weight_bytes for layer in layers), sum(layer.macs for layer in layers)
    click.echo(f"{len(layers)} operators, {weights:,} B of weights, {macs:,} multiply-accumulates")


def _print_differences(differences: "list[Difference]") -> None:
    print_table(
        ("layer", ">SNR dB", ">max error", ">float range"),
        [
            (
                _short(one.name),
                f"{one.snr_db:.1f}" if math.isfinite(one.snr_db) else "exact",
                f"{one.max_abs_error:.2g}",
                f"{one.low:.3g} to {one.high:.3g}",
            )
            for one in differences
        ],
    )
    click.echo("SNR: power of the float activation by that of the error; the worst first. Below 20 dB look closer.")


def _short(name: str) -> str:
    """Name the layer that a tensor belongs to, as the Keras model has it; the first of those that were fused."""
    path = [step for step in name.split(";")[0].split(":")[0].split("/") if not step.startswith("StatefulPart")]
    layer = path[-2] if len(path) > 1 else path[0] if path else name.split(":")[0]
    layer = layer.removesuffix("_1") if len(path) > 1 else layer
    return layer if len(layer) <= _LONGEST_NAME else f"{layer[: _LONGEST_NAME - 1]}…"
