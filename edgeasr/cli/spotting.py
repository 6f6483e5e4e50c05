"""The options of a spotter, for the commands that spot words."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click

from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.options import option_group
from edgeasr.cli.output import note
from edgeasr.spot import SpotterConfig
from edgeasr.spot.settings import SmoothingKind, kept_settings

__all__ = ["spotter_config", "spotter_options"]

_DEFAULT = SpotterConfig()


def _unless_kept(value: str) -> str:
    return f"  [default: the bundle's, or {value}]"


_OPTIONS = {
    "threshold": click.option(
        "--threshold",
        multiple=True,
        metavar="[LABEL=]P",
        callback=lambda ctx, option, values: [_parse_threshold(value) for value in values],
        help="Smallest smoothed probability that is an event, for all or one label."
        + _unless_kept(f"{_DEFAULT.threshold}"),
    ),
    "smoothing_ms": click.option(
        "--smoothing-ms",
        type=FiniteRange(0),
        help="Smooth the probabilities over this time." + _unless_kept(f"{_DEFAULT.smoothing_ms:g}"),
    ),
    "smoothing": click.option(
        "--smoothing",
        type=click.Choice(get_args(SmoothingKind)),
        help="How to smooth them." + _unless_kept(_DEFAULT.smoothing),
    ),
    "hop_ms": click.option(
        "--hop-ms",
        type=FiniteRange(0, min_open=True),
        help="Step between inferences." + _unless_kept(f"{_DEFAULT.hop_ms:g}"),
    ),
    "refractory_ms": click.option(
        "--refractory-ms",
        type=FiniteRange(0),
        help="Time in which a label is not reported again." + _unless_kept(f"{_DEFAULT.refractory_ms:g}"),
    ),
    "hysteresis": click.option(
        "--hysteresis",
        type=FiniteRange(0, 1, max_open=True),
        help="Share of the threshold by which the score must have fallen below it, before a label is reported again."
        + _unless_kept(f"{_DEFAULT.hysteresis:g}, it need not fall"),
    ),
    "minimum_count": click.option(
        "--minimum-count",
        type=click.IntRange(1, 1000),
        help="Inferences in turn that must reach the threshold." + _unless_kept(f"{_DEFAULT.minimum_count}"),
    ),
}


spotter_options = option_group(
    "spotting", _OPTIONS, lambda values: {name: value for name, value in values.items() if value not in (None, [])}
)


def spotter_config(model: Path, spotting: dict[str, Any]) -> SpotterConfig:
    """Make the settings of a spotter: those given, over those that the bundle keeps, over the defaults.

    Args:
        model: a bundle or an artefact.
        spotting: what was given of `spotter_options`, by name.

    Raises:
        BundleError, ConfigError: what the bundle keeps cannot be read.
    """
    kept = kept_settings(model)
    given = dict(spotting)
    asked: Sequence[tuple[str, float]] = given.pop("threshold", ())
    config = replace(kept or _DEFAULT, **given)
    for label, value in asked:
        if label:
            config = replace(config, thresholds={**config.thresholds, label: value})
        else:
            config = replace(config, threshold=value, thresholds={})
    how = "the settings kept with it" if kept else "default settings"
    limits = [f"{config.threshold:g}", *(f"{label} {value:g}" for label, value in config.thresholds.items())]
    note(f"{model.name}: {how}, threshold {', '.join(limits)}")
    return config


def _parse_threshold(text: str) -> tuple[str, float]:
    label, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise click.BadParameter(f"expected P or LABEL=P, P above 0 and not above 1, got {text!r}")
    return label, value
