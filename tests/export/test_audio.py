"""Models that take sound: the same scores as with the front end outside, in every format, whole and step by step."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.bundle import Bundle
from edgeasr.card import CtcOutput
from edgeasr.data.dataset import Dataset, Example
from edgeasr.errors import BundleError, ConfigError
from edgeasr.features import MICRO, Frontend
from edgeasr.runtime import load
from edgeasr.scores import softmax
from edgeasr_export import ExportSettings, export_bundle
from edgeasr_export.audio import bundle_of_sound
from edgeasr_export.importing import samples as samples_module
from edgeasr_export.inspection import describe
from tests.export.conftest import FRONTEND

LABELS = ("a", "b", "c")

MakeBundle = Callable[[Any], Bundle]


@pytest.fixture
def model() -> Any:
    """Give a small causal model of 13 x 10."""
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((13, 10)),
            keras.layers.Rescaling(0.1),
            keras.layers.Conv1D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3),
        ]
    )


@pytest.fixture(autouse=True)
def sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a data set of sounds, tones in noise, the one that everything is read from."""
    rng = np.random.default_rng(0)

    def example(index: int) -> Example:
        tone = np.sin(np.arange(4320) * (0.05 + 0.02 * index)) * np.hanning(4320)
        clip = Clip((0.3 * tone + rng.normal(0, 0.01, 4320)).astype(np.float32), 16000)
        return Example(str(index), LABELS[index % 3], "", ("train", "test")[index % 2], lambda: clip)

    dataset = Dataset("sounds", LABELS, tuple(example(index) for index in range(48)), "")
    monkeypatch.setattr(samples_module, "load_datasets", lambda specs: dataset)


@pytest.mark.slow
def test_bundle_of_sound_is_exported_like_any(make_bundle: MakeBundle, model: Any, tmp_path: Path) -> None:
    lines: list[str] = []
    heard = bundle_of_sound(make_bundle(model), tmp_path / "sound", ["sounds"], lines.append)
    assert heard.manifest.frontend is not None
    assert heard.manifest.frontend.shape == (4320, 1)
    assert lines[0].startswith("the front end inside gives the same scores on 24 clips")
    sound = heard.samples().verification
    expected = softmax(np.asarray(model.predict(Frontend(FRONTEND)(sound[..., 0]), verbose=0)))
    exported = export_bundle(heard, ["float32", "int8"], settings=ExportSettings("minmax"))
    for artefact in exported.manifest.artefacts:
        scores = load(exported.path / artefact.name).run_batch(sound)
        tolerance = 1e-4 if artefact.scheme == "float32" else 0.1
        np.testing.assert_allclose(scores, expected, rtol=0, atol=tolerance)
    layers = describe(exported.path / "test.int8.tflite")
    (log,) = (index for index, layer in enumerate(layers) if layer.operator == "LOG")
    assert {layer.dtype for layer in layers[: log + 1]} == {"float32"}
    assert "int8" in {layer.dtype for layer in layers[log + 1 :]}


@pytest.mark.slow
def test_bundle_of_sound_goes_step_by_step(make_bundle: MakeBundle, model: Any, tmp_path: Path) -> None:
    heard = bundle_of_sound(make_bundle(model), tmp_path / "sound", ["sounds"])
    exported = export_bundle(heard, ["float32", "int8"], ["tflite"], ExportSettings("minmax", streaming=True))
    whole = export_bundle(heard, ["float32", "int8"], ["tflite"], ExportSettings("minmax"))
    sound = heard.samples().verification
    for scheme, tolerance in (("float32", 1e-5), ("int8", 0.02)):
        step = load(exported.path / f"test.stream.{scheme}.tflite")
        assert step.stepping is not None
        assert step.stepping.hop_frames == 320
        np.testing.assert_allclose(
            step.run_batch(sound), load(whole.path / f"test.{scheme}.tflite").run_batch(sound), rtol=0, atol=tolerance
        )


def test_bundle_of_sound_is_kept_if_it_is_of_the_same_model(
    make_bundle: MakeBundle, model: Any, tmp_path: Path
) -> None:
    bundle, path = make_bundle(model), tmp_path / "sound"
    first = bundle_of_sound(bundle, path, ["sounds"]).manifest
    lines: list[str] = []
    assert bundle_of_sound(bundle, path, ["sounds"], lines.append).manifest == first
    assert "is there already, of this model" in lines[0]
    other = replace(bundle, manifest=replace(bundle.manifest, sha256={"model.keras": "another"}))
    with pytest.raises(BundleError, match="holds a bundle already"):
        bundle_of_sound(other, path, ["sounds"])


def test_bundle_of_sound_is_refused_with_the_reason(
    make_bundle: MakeBundle, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, path = make_bundle(model), tmp_path / "sound"

    def refused(match: str, **changes: Any) -> None:
        with pytest.raises(ConfigError, match=match):
            bundle_of_sound(replace(bundle, manifest=replace(bundle.manifest, **changes)), path)

    refused("needs a Keras model, the bundle holds model.onnx", model_file="model.onnx")
    refused("has no front end", frontend=None)
    refused("writes text of utterances of any length", ctc=CtcOutput())
    refused("pass --data", training={})
    monkeypatch.setattr(samples_module, "load_datasets", None)  # before any data are read
    refused("'micro' cannot be put into a model", frontend=MICRO, training={"data": ["sounds"]})
    assert not path.exists()
