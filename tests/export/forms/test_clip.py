"""A clip model gives what the model gives, with its recurrent layers as they are or unrolled."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edgeasr.errors import ExportError
from edgeasr_export import forms

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
