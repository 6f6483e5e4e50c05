"""Where an artefact differs from its float original: every activation of both on the same features."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ExportError
from edgeasr.runtime import Runtime, load
from edgeasr_export.trace import Feed, trace

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

    Args:
        artefact: the quantised file.
        original: the float file of the same format and form.
        features: float32 [clips, frames, bins].

    Raises:
        ExportError: the two are not of one model or have no activation in common, or one takes single steps.
        ArtefactError: a file cannot be run.
    """
    model = _check(artefact, original)
    signal: dict[str, float] = {}
    noise: dict[str, float] = {}
    largest: dict[str, float] = {}
    limits: dict[str, tuple[float, float]] = {}
    both = zip(trace(original, _feeds(model, features)), trace(artefact, _feeds(model, features)), strict=True)
    for right, own in both:
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
        if model.card.stepping:
            raise ExportError(f"{model.path}: takes single steps: compare files of whole clips")
    cards = [model.card.model_sha256 for model in models if model.card]
    if cards[0] != cards[1]:
        raise ExportError(f"{artefact} was made from another model than {original}: pass the bundle that it is of")
    return models[1]


def _feeds(model: Runtime, features: NDArray[np.float32]) -> Iterator[Feed]:
    return ({"features": clip.reshape(1, *model.input_shape)} for clip in features)


def _decibels(signal: float, noise: float) -> float:
    return 10 * math.log10(signal / noise) if signal and noise else math.inf
