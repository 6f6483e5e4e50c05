"""The spotter in C: the sources, and the settings that go with a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgeasr.spot.decoder import is_keyword
from edgeasr.spot.settings import SmoothingKind
from edgeasr_firmware.codegen.write import array
from edgeasr_firmware.headers import definitions, guarded

__all__ = ["SpotSettings", "spot_files"]

_SOURCES = Path(__file__).parent / "csrc" / "spot"


@dataclass(frozen=True)
class SpotSettings:
    """What a spotter in C has to know.

    Attributes:
        labels: of the model, in order; those that are no keyword are never reported.
        logits: the model gives logits, of which the softmax is taken; else probabilities.
        scale, zero_point: of the model's int8 output.
        hop_frames: frames of the front end from one inference to the next.
        inferences: scores are smoothed over so many.
        threshold: smallest smoothed score that is reported.
        wait_inferences: the first inference after an event at which its label may be reported again, 1 the next.
        smoothing, thresholds, hysteresis, minimum_count: as a `SpotterConfig` has them.
    """

    labels: Sequence[str]
    logits: bool
    scale: float
    zero_point: int
    hop_frames: int
    inferences: int
    threshold: float
    wait_inferences: int
    smoothing: SmoothingKind = "mean"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    hysteresis: float = 0.0
    minimum_count: int = 1


def spot_files(settings: SpotSettings) -> dict[str, str]:
    """Give the files of a spotter in C99: name to text.

    `ea_spot.c` goes from the outputs of the model to keywords; `ea_listen.c` from samples, and needs the files of the
    front end and of the model.
    """
    values = {
        "LABELS": len(settings.labels),
        "LOGITS": int(settings.logits),
        "SCALE": settings.scale,
        "ZERO_POINT": settings.zero_point,
        "HOP_FRAMES": settings.hop_frames,
        "INFERENCES": settings.inferences,
        "WAIT_INFERENCES": settings.wait_inferences,
        "MINIMUM_COUNT": settings.minimum_count,
        "HYSTERESIS": int(settings.hysteresis > 0),
        "SMOOTHING_MAX": int(settings.smoothing == "max"),
        "SMOOTHING_EXPONENTIAL": int(settings.smoothing == "exponential"),
    }
    reported = np.array([is_keyword(label) for label in settings.labels], np.uint8)
    limits = [settings.thresholds.get(label, settings.threshold) for label in settings.labels]
    thresholds = np.array(limits, np.float32)
    lines = ["#include <stdint.h>", "", *array("ea_spot_reported", reported), *array("ea_spot_thresholds", thresholds)]
    if settings.hysteresis:
        lines += array("ea_spot_releases", thresholds * np.float32(1 - settings.hysteresis))
    if settings.logits:
        lines += array("ea_spot_exponentials", np.exp(-np.arange(256) * settings.scale).astype(np.float32))
    files = {path.name: path.read_text() for path in sorted(_SOURCES.iterdir())}
    title = "The settings of the spotter."
    files["ea_spot_config.h"] = guarded("ea_spot_config.h", title, definitions("EA_SPOT", values))
    title = "Tables of the spotter, for ea_spot.c alone."
    files["ea_spot_tables.h"] = guarded("ea_spot_tables.h", title, lines)
    return files
