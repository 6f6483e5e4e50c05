"""The settings of a spotter, and where a bundle keeps those that were found for its model."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from edgeasr.bundle import Bundle, read_manifest
from edgeasr.config import from_mapping
from edgeasr.errors import BundleError, ConfigError
from edgeasr.features.config import FrontendConfig
from edgeasr.microwakeword import detection_of

__all__ = ["Pace", "SmoothingKind", "SpotterConfig", "kept_settings", "pace_of", "settings_bundle"]

SmoothingKind = Literal["mean", "max", "exponential"]


@dataclass(frozen=True)
class SpotterConfig:
    """How a spotter listens.

    Attributes:
        hop_ms: step between inferences; the nearest whole number of the front end's hops is taken, of a step model the
            nearest whole number of its steps.
        smoothing_ms: scores are smoothed over this time; 0 for none.
        threshold: smallest smoothed probability that is an event.
        refractory_ms: time after an event in which its label makes no other.
        smoothing: how: by the mean, the maximum, or an exponential mean that is as late as the mean.
        thresholds: of single labels, instead of `threshold`.
        hysteresis: share of its threshold by which the score of a label must have fallen below it before the label
            makes another event; 0 for no such condition.
        minimum_count: inferences in turn that must reach the threshold.
    """

    hop_ms: float = 100.0
    smoothing_ms: float = 300.0
    threshold: float = 0.8
    refractory_ms: float = 1200.0
    smoothing: SmoothingKind = "mean"
    thresholds: dict[str, float] = field(default_factory=dict)
    hysteresis: float = 0.0
    minimum_count: int = 1

    def __post_init__(self) -> None:
        kinds = get_args(SmoothingKind)
        checks = [
            (0 < self.hop_ms < math.inf, f"hop_ms must be positive, got {self.hop_ms}"),
            (0 <= self.smoothing_ms <= 10_000, f"smoothing_ms must lie in 0 to 10000, got {self.smoothing_ms}"),
            (0 < self.threshold <= 1, f"threshold must lie above 0 and not above 1, got {self.threshold}"),
            (0 <= self.refractory_ms < math.inf, f"refractory_ms must not be negative, got {self.refractory_ms}"),
            (self.smoothing in kinds, f"smoothing must be one of {', '.join(kinds)}, got {self.smoothing!r}"),
            (0 <= self.hysteresis < 1, f"hysteresis must lie in 0 to below 1, got {self.hysteresis}"),
            (1 <= self.minimum_count <= 1000, f"minimum_count must lie in 1 to 1000, got {self.minimum_count}"),
        ]
        for label, value in self.thresholds.items():
            checks.append((0 < value <= 1, f"thresholds must lie above 0 and not above 1, got {value} for {label!r}"))
        for fine, complaint in checks:
            if not fine:
                raise ConfigError(f"spotter: {complaint}")


@dataclass(frozen=True)
class Pace:
    """How often a spotter infers, in whole numbers.

    Attributes:
        hop_frames: frames of the front end from one inference to the next.
        hop_ms: the time that these take.
        inferences: scores are smoothed over so many, at least the latest.
    """

    hop_frames: int
    hop_ms: float
    inferences: int


def pace_of(config: SpotterConfig, frontend: FrontendConfig, step_frames: int = 1) -> Pace:
    """Round the times of a spotter to what a model can do.

    Args:
        config: of the spotter.
        frontend: of the model.
        step_frames: frames that the model takes at a time, where it goes in steps.

    Raises:
        ConfigError: the hop is shorter than the front end's or longer than the model's window.
    """
    frames = round(config.hop_ms / frontend.hop_ms)
    if not 1 <= frames <= frontend.frames:
        raise ConfigError(
            f"spotter: hop_ms must lie in {frontend.hop_ms:g} (the front end's hop) to "
            f"{frontend.frames * frontend.hop_ms:g} (the model's window), got {config.hop_ms:g}"
        )
    steps = min(round(frames / step_frames), frontend.frames // step_frames)
    hop_frames = step_frames * max(1, steps)
    hop_ms = hop_frames * frontend.hop_ms
    return Pace(hop_frames, hop_ms, max(1, round(config.smoothing_ms / hop_ms)))


def kept_settings(model: Path) -> SpotterConfig | None:
    """Read the settings that the bundle of a model, or its microWakeWord manifest, keeps for listening.

    Args:
        model: a bundle, an artefact with the manifest of its bundle beside it, or a microWakeWord model with its own.

    Returns:
        None where there is no manifest, or none were kept in it.

    Raises:
        ArtefactError: the manifest of microWakeWord is damaged.
        BundleError: the bundle is.
        ConfigError: the settings are none.
    """
    if detection := detection_of(model):
        return SpotterConfig(detection.step_ms, detection.window_ms, detection.threshold)
    if model.is_dir():
        manifest = Bundle.open(model).manifest
    else:
        try:  # without the other files of the bundle, which a device does not need
            manifest = read_manifest(model.parent)
        except BundleError:
            return None  # other programs call their files manifest.json too
        if not model.is_file() or not manifest.has(model):
            return None
    if not manifest.spotting:
        return None
    return from_mapping(SpotterConfig, manifest.spotting.get("config", {}), f"{model}: settings for listening")


def settings_bundle(model: Path) -> Bundle:
    """Open the bundle that `kept_settings` reads those of a model from, to keep others in it.

    Args:
        model: a bundle, or an artefact of the bundle that it stands in.

    Raises:
        BundleError: there is none, or settings in it would not be those of this model.
    """
    if detection_of(model):
        raise BundleError(f"{model}: listens as its microWakeWord manifest says: write the settings for another file")
    bundle = Bundle.open(model if model.is_dir() else model.parent)
    if model.is_file() and not bundle.manifest.has(model):
        raise BundleError(
            f"{model}: expected a file of the bundle in its folder, got another, whose settings would not be found "
            "there: name the bundle or one of its artefacts"
        )
    return bundle
