"""Where an artefact differs from its float original: every activation of both on the same features."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ExportError
from edgeasr.runtime import Runtime, load
from edgeasr_export.inspection.feeding import Feeding
from edgeasr_export.trace import trace

__all__ = ["Difference", "compare"]


@dataclass(frozen=True)
class Difference:
    """One activation, in the float file and in the other.

    Attributes:
        name: of the tensor.
        snr_db: signal-to-quantisation-noise ratio: the power of the float values by that of the differences; infinite
            where there are none.
        max_abs_error: the largest difference.
        low, high: range of the float values.
    """

    name: str
    snr_db: float
    max_abs_error: float
    low: float
    high: float


def compare(artefact: Path, original: Path, features: NDArray[np.float32]) -> list[Difference]:
    """Compare the activations that both files have, those with the worst signal-to-noise ratio first.

    Both files get the states of a step from the original, so that its own error shows, and none that has added up.

    Args:
        artefact: the quantised file.
        original: the float file of the same format and form.
        features: float32 [clips, frames, bins].

    Raises:
        ExportError: the two are not of one model and form, or have no activation in common.
        ArtefactError: a file cannot be run.
    """
    feeding = Feeding(_check(artefact, original))
    signal: dict[str, float] = {}
    noise: dict[str, float] = {}
    largest: dict[str, float] = {}
    limits: dict[str, tuple[float, float]] = {}
    both = (trace(path, feeding.feeds(features)) for path in (original, artefact))
    for right, own in zip(*both, strict=True):
        feeding.follow(right)
        for name in right.keys() & own.keys():
            if right[name].size != own[name].size:
                continue
            exact = right[name].ravel().astype(np.float64)
            error = own[name].ravel() - exact
            signal[name] = signal.get(name, 0) + float(exact @ exact)
            noise[name] = noise.get(name, 0) + float(error @ error)
            largest[name] = max(largest.get(name, 0), float(np.abs(error).max(initial=0)))
            low, high = limits.get(name, (math.inf, -math.inf))
            limits[name] = (
                min(low, float(exact.min(initial=math.inf))),
                max(high, float(exact.max(initial=-math.inf))),
            )
    if not signal:
        raise ExportError(f"{artefact} and {original} have no activation in common: export both again")
    found = [Difference(name, _decibels(signal[name], noise[name]), largest[name], *limits[name]) for name in signal]
    return sorted(found, key=lambda one: one.snr_db)


def _check(artefact: Path, original: Path) -> Runtime:
    """Load the original, where the two can be compared."""
    models = load(artefact), load(original)
    for model in models:
        if model.card is None:
            raise ExportError(f"{model.path}: was not written by edgeasr: compare files that `edgeasr export` made")
    cards = [model.card for model in models if model.card]
    if cards[0].model_sha256 != cards[1].model_sha256:
        raise ExportError(f"{artefact} was made from another model than {original}: pass the bundle that it is of")
    if cards[0].stepping != cards[1].stepping:
        raise ExportError(
            f"{artefact} takes other steps than {original}, or keeps its state inside: compare files of one form"
        )
    return models[1]


def _decibels(signal: float, noise: float) -> float:
    return 10 * math.log10(signal / noise) if signal and noise else math.inf
