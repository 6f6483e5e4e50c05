"""A step model that hears loud sound, written by hand: no converter is needed for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.card import Card, State, Stepping, append_to_tflite
from edgeasr.features import MICRO
from tests.tflite.builder import Step, Value, constant, write

FRAMES, HOP, PAST = 9, 3, 6
FRONTEND = replace(MICRO, clip_ms=MICRO.window_ms + (FRAMES - 1) * MICRO.hop_ms)
_NEW, _OLD = (1, HOP, MICRO.mel_bins), (1, PAST, MICRO.mel_bins)


def ears(path: Path, type: str = "INT8", hold: int = 0, next_scale: float = 0.1, whole: bool = False) -> Path:
    """Write a step model: the first logit grows with the features of the last 90 ms, the second is their opposite."""
    how: dict[str, Any] = {"type": type} | ({"scale": 0.1, "zero_point": -128} if type == "INT8" else {})
    features, past = Value(_NEW, name="features", **how), Value(_OLD, name="past", **how)
    joined, flat = (Value(shape, **how) for shape in ((1, FRAMES, MICRO.mel_bins), (1, FRAMES * MICRO.mel_bins)))
    following = Value(_OLD, name="past_next", **(how | ({"scale": next_scale} if type == "INT8" else {})))
    weights = np.repeat([[1], [-1]], FRAMES * MICRO.mel_bins, axis=1)
    if type == "INT8":
        row = constant(weights, "int8", scale=0.02)
        bias = constant([-5000, 5000], "int32", scale=0.002)
        scores = Value((1, 2), type, 0.1, 0, name="scores")
    else:
        row, bias = constant(weights * 0.02, "float32"), constant([-10, 10], "float32")
        scores = Value((1, 2), type, name="scores")
    begin, end, step = (constant(values) for values in ([0, HOP, 0], [1, FRAMES, MICRO.mel_bins], [1, 1, 1]))
    steps = [
        Step("CONCATENATION", [past, features], [joined], {"axis": 1}),
        Step("STRIDED_SLICE", [joined, begin, end, step], [following], {}),
        Step("RESHAPE", [joined, constant(flat.shape)], [flat], {"new_shape": list(flat.shape)}),
        Step("FULLY_CONNECTED", [flat, row, bias], [scores], {}),
    ]
    card = Card(
        model="ears",
        scheme="int8" if type == "INT8" else "float32",
        labels=("bang", "unknown"),
        frontend=FRONTEND,
        output="logits",
        model_sha256="",
        stepping=None if whole else Stepping(FRAMES, HOP, 1, 2, None, (State("past", "past_next", hold),)),
    )
    model = write((steps, [features, past], [scores, following]), signed=True)
    path.write_bytes(append_to_tflite(model, card))
    return path


class _Original:
    def save(self, path: Path) -> None:
        path.write_bytes(b"not looked into")


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """Give a function that writes a bundle with settings for listening; what it is given replaces what it says."""

    def make(**changes: Any) -> Bundle:
        values: dict[str, Any] = {
            "model": "ears",
            "labels": ("bang", "unknown"),
            "frontend": FRONTEND,
            "output": "logits",
            "spotting": {"config": {"hop_ms": 30.0, "smoothing_ms": 90.0, "threshold": 0.8}},
        }
        features = np.zeros((1, *FRONTEND.shape), np.float32)
        samples = Samples(features, features, np.zeros(1, np.int64))
        return Bundle.create(tmp_path / "bundle", Manifest(**(values | changes)), _Original(), samples)

    return make


@pytest.fixture(scope="session")
def bangs() -> np.ndarray:
    """Give 4 s of silence with two bangs in it, at 1.5 s and at 3 s: float32 [64000]."""
    rng = np.random.default_rng(0)
    sound = np.zeros(64000)
    for start in (24000, 48000):
        sound[start : start + 4000] += rng.uniform(-0.8, 0.8, 4000)
    return sound.astype(np.float32)
