"""Manifests of microWakeWord models: what is taken, what is refused and why, and how they are found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ArtefactError
from edgeasr.microwakeword import card_of, detection_of, model_of, read_manifest, refusals
from edgeasr.runtime import load
from tests.tflite.builder import Step, Value, constant, write

GOOD: dict[str, Any] = {
    "type": "micro",
    "wake_word": "Hey  Robin",
    "author": "somebody",
    "model": "robin.tflite",
    "trained_languages": ["en"],
    "version": 2,
    "micro": {
        "probability_cutoff": 0.97,
        "feature_step_size": 10,
        "sliding_window_size": 5,
        "tensor_arena_size": 26080,
        "minimum_esphome_version": "2024.7.0",
    },
}
IN = {"type": "INT8", "scale": 26 / 255, "zero_point": -128}


def network(frames: int = 3, bins: int = 40, output: str = "UINT8", extra: str = "") -> bytes:
    """Write a model that gives the mean of its input as a probability."""
    source, flat = Value((1, frames, bins), **IN), Value((1, frames * bins), **IN)
    logits, logistic = Value((1, 1), "INT8", 0.1, 0), Value((1, 1), "INT8", 1 / 256, -128)
    result = Value((1, 1), output, 1 / 256, 0 if output == "UINT8" else -128)
    row = constant(np.full((1, frames * bins), 100), "int8", scale=0.0002)
    steps = [
        Step("RESHAPE", [source, constant(flat.shape)], [flat], {"new_shape": list(flat.shape)}),
        Step("FULLY_CONNECTED", [flat, row, constant([0], scale=0.00002)], [logits], {}),
        Step("LOGISTIC", [logits], [logistic], {}),
        Step("QUANTIZE", [logistic], [result], {}),
    ]
    if extra:
        steps.append(Step(extra, [logits], [Value((1, 1), "INT8", 0.1, 0)], {}))
    return write((steps, [source], [result]))


def put(folder: Path, model: bytes | None = None, name: str = "robin", **changes: Any) -> Path:
    values = {**GOOD, **changes}
    micro = {key: value for key, value in {**GOOD["micro"], **changes.get("micro", {})}.items() if value is not None}
    values = {key: value for key, value in {**values, "micro": micro}.items() if value is not None}
    if model is not None:
        (folder / f"{name}.tflite").write_bytes(model)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(values))
    return path


def test_a_good_model_passes(tmp_path: Path) -> None:
    path = put(tmp_path, network())
    assert refusals(path) == []
    model = load(path)
    assert model.labels == ("hey robin",)
    assert model.frontend is not None
    assert (model.frontend.kind, model.frontend.hop_ms) == ("micro", 10)
    assert model.stepping is not None
    assert (model.stepping.hop_frames, model.stepping.frames, model.stepping.first) == (3, 75, 24)
    silence, noise = (model.run(np.full((75, 40), level, np.float32)) for level in (0, 20))
    assert silence.shape == (1,)
    assert silence == 0.5
    assert noise > 0.9


def test_the_manifest_says_how_to_listen(tmp_path: Path) -> None:
    detection = detection_of(put(tmp_path, network(frames=2), micro={"feature_step_size": 20}))
    assert detection is not None
    assert (detection.step_ms, detection.window_ms) == (40, 200)
    assert 0.97 < detection.threshold < 0.970001  # it must be above the cutoff


def test_a_model_finds_the_manifest_beside_it(tmp_path: Path) -> None:
    path = put(tmp_path, network())
    assert model_of(path) == path.with_suffix(".tflite")
    card = card_of(path.with_suffix(".tflite"))
    assert card is not None
    assert card.model == "Hey  Robin"
    assert detection_of(path.with_suffix(".tflite")) == detection_of(path)
    path.rename(tmp_path / "other.json")  # which still names the model
    assert card_of(path.with_suffix(".tflite")) == card
    (tmp_path / "other.json").write_text(json.dumps({**GOOD, "model": "./robin.tflite"}))
    assert card_of(path.with_suffix(".tflite")) == card


def test_a_model_without_a_manifest_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alone.tflite"
    path.write_bytes(network())
    (tmp_path / "alone.json").write_text('{"of": "another program"}')
    (tmp_path / "list.json").write_text("[1, 2]")
    assert card_of(path) is None
    assert detection_of(path) is None


def test_both_may_be_renamed_together(tmp_path: Path) -> None:
    path = put(tmp_path, network(), "mine")
    assert model_of(path) == tmp_path / "mine.tflite"
    assert refusals(path) == ["its model robin.tflite is not beside it"]
    (tmp_path / "mine.tflite").unlink()
    with pytest.raises(ArtefactError, match="robin.tflite is not beside it"):
        load(path)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "first version": ({"version": 1}, "version must be 2, got 1"),
    "later version": ({"version": 3}, "version 3"),
    "no version": ({"version": None}, "it has no 'version'"),
    "another type": ({"type": "macro"}, "type: expected one of micro, got 'macro'"),
    "no author": ({"author": None}, "author"),
    "no word": ({"wake_word": " "}, "wake_word must not be empty"),
    "languages as text": ({"trained_languages": "en"}, "trained_languages: expected a list"),
    "no cutoff": ({"micro": {"probability_cutoff": None}}, "probability_cutoff"),
    "cutoff of percent": ({"micro": {"probability_cutoff": 97}}, "probability_cutoff must lie in 0 to 1, got 97"),
    "slow features": ({"micro": {"feature_step_size": 31}}, "feature_step_size must lie in 1 to 30, got 31"),
    "no window": ({"micro": {"sliding_window_size": 0}}, "sliding_window_size must be positive, got 0"),
    "arena as text": ({"micro": {"tensor_arena_size": "26080"}}, "tensor_arena_size: expected int"),
    "odd version": ({"micro": {"minimum_esphome_version": "new"}}, "minimum_esphome_version must be like 2024.7.0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_bad_manifest_is_refused_with_the_reason(tmp_path: Path, mistake: str) -> None:
    changes, reason = MISTAKES[mistake]
    path = put(tmp_path, network(), **changes)
    with pytest.raises(ArtefactError, match=reason):
        read_manifest(path)
    assert len(refusals(path)) == 1


@pytest.mark.parametrize("text", ["", "[]", '"micro"', '{"micro": 3}', "\0\xff", "[" * 60_000, " " * 100_000])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ArtefactError, match="expected the manifest"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (network(bins=20), r"expected an input int8 \[1, frames, 40\], got int8 \[1, 3, 20\]"),
        (network(output="INT8"), r"expected an output uint8 \[1, 1\], got int8 \[1, 1\]"),
        (network(extra="TANH"), "it has no TANH"),
    ],
)
def test_a_model_that_esphome_cannot_run_is_refused(tmp_path: Path, model: bytes, reason: str) -> None:
    path = put(tmp_path, model)
    with pytest.raises(ArtefactError, match=reason):
        load(path)
    assert len(refusals(path)) == 1


def test_an_older_schema_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, network())
    data = bytearray(path.with_suffix(".tflite").read_bytes())
    root = int.from_bytes(data[:4], "little")
    table = root - int.from_bytes(data[root : root + 4], "little", signed=True)
    place = root + int.from_bytes(data[table + 4 : table + 6], "little")
    data[place] = 2
    path.with_suffix(".tflite").write_bytes(data)
    assert refusals(path) == ["expected version 3 of TFLite's schema, got 2"]
