"""A clip model gives what the model gives, with its recurrent layers as they are or unrolled."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edgeasr.card import Card
from edgeasr.errors import ExportError
from edgeasr.runtime import load
from edgeasr_export import ExportSettings, forms
from edgeasr_export.artefact import Job
from edgeasr_export.exporters import exporter
from edgeasr_export.floats import KerasFloats
from edgeasr_export.inspection import describe

RECURRENT: dict[str, Any] = {
    "simple": layers.SimpleRNN(3, return_sequences=True),
    "simple without bias": layers.SimpleRNN(3, use_bias=False, activation="relu"),
    "gru": layers.GRU(3, return_sequences=True),
    "gru with the reset before": layers.GRU(3, reset_after=False, activation="relu"),
    "gru without bias": layers.GRU(3, use_bias=False),
    "gru backwards": layers.GRU(3, return_sequences=True, go_backwards=True),
    "lstm": layers.LSTM(3, return_sequences=True),
    "lstm of other activations": layers.LSTM(3, "relu", recurrent_activation="hard_sigmoid"),
    "lstm without bias": layers.LSTM(3, use_bias=False),
    "both, side by side": layers.Bidirectional(layers.GRU(3, return_sequences=True)),
    "both, summed": layers.Bidirectional(layers.LSTM(3), merge_mode="sum"),
    "both, multiplied": layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True), merge_mode="mul"),
    "both, averaged": layers.Bidirectional(layers.SimpleRNN(3), merge_mode="ave"),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_clip_unrolled_gives_what_the_layer_gives(name: str, clips: Any, shaken: Any) -> None:
    inputs = keras.Input((None, 4))
    model = shaken(keras.Model(inputs, RECURRENT[name](layers.Conv1D(4, 2)(inputs))))
    features = clips(6, 4)
    form = forms.clip(model, 6, unroll=True)
    assert form.stepping is None
    assert not any(isinstance(layer, layers.RNN | layers.Bidirectional) for layer in form.model.layers)
    given = form.model({"features": features})
    assert set(given) == {"scores"}
    np.testing.assert_allclose(given["scores"], model(features), atol=1e-5)


def test_clip_keeps_the_layers_and_fixes_the_length(clips: Any) -> None:
    model = keras.Sequential([keras.Input((None, 4)), layers.Conv1D(4, 2, name="front"), layers.GRU(3, name="heart")])
    features = clips(6, 4)
    form = forms.clip(model, 6)
    assert form.model.inputs[0].shape == (None, 6, 4)
    assert [layer.name for layer in form.model.layers] == ["features", "front", "heart"]
    np.testing.assert_array_equal(form.model({"features": features})["scores"], model(features))
    assert [feed["features"].shape for feed in form.feeds(features)] == [(1, 6, 4)] * 2
    assert form.fine == ()


def test_clip_refuses_what_it_cannot_cut() -> None:
    with pytest.raises(ExportError, match="takes clips of 6 frames, expected 7"):
        forms.clip(keras.Sequential([keras.Input((6, 4)), layers.GRU(3)]), 7)

    class Own(keras.Model):
        def call(self, features: Any) -> Any:
            return features

    own = Own(name="own")
    own(np.zeros((1, 6, 4), np.float32))
    with pytest.raises(ExportError, match=r"'own' is a class of its own: build it with keras.Model\(inputs, outputs\)"):
        forms.clip(own, 6)


def gated(x: Any, dilation: int) -> Any:
    """Apply two dilated convolutions to one input, as WaveNet does."""
    signal, gate = (
        layers.BatchNormalization()(layers.Conv1D(4, 3, padding="causal", dilation_rate=dilation)(x)) for _ in range(2)
    )
    return layers.Add()([x, layers.Multiply()([layers.Activation("tanh")(signal), layers.Activation("sigmoid")(gate)])])


@pytest.mark.parametrize("padding", ["causal", "same", "valid"])
def test_clip_gives_what_dilated_convolutions_give(padding: str, clips: Any, shaken: Any) -> None:
    twice = layers.Conv1D(4, 3, padding=padding, dilation_rate=2, activation="tanh")
    inputs = keras.Input((None, 4))
    model, features = shaken(keras.Model(inputs, twice(twice(inputs)))), clips(16, 4)
    np.testing.assert_allclose(
        forms.clip(model, 16).model({"features": features})["scores"], model(features), atol=1e-6
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")
def test_dilated_convolutions_of_branches_are_quantised_whole_and_as_steps(
    tmp_path: Path, clips: Any, shaken: Any
) -> None:
    x = inputs = keras.Input((None, 4))
    for dilation in (1, 2, 4):
        x = gated(x, dilation)
    model, features = shaken(keras.Model(inputs, layers.Conv1D(3, 1)(x))), clips(40, 4, count=8)
    made_by, card = exporter("tflite"), Card("net", "", ("a", "b", "c"), None, "probabilities", "")
    given = {}
    for form in (forms.clip(model, 40), forms.step(model, 40)):
        name = "clip" if form.stepping is None else "step"
        (tmp_path / name).mkdir()
        job = Job(KerasFloats(form, tmp_path / name), made_by, "int8", ExportSettings("minmax"), card, features)
        job.make(tmp_path / f"{name}.tflite", tmp_path / "none")
        operators = describe(tmp_path / f"{name}.tflite")
        assert not [one.name for one in operators if "BATCH" in one.operator or one.dtype == "float32"]
        given[name] = load(tmp_path / f"{name}.tflite").run_batch(features)
    (scale,) = {one.scale for one in operators[-1:]}
    assert np.abs(given["clip"] - given["step"]).max() <= 1.01 * scale
