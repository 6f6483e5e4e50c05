"""The options of the models of the activation study."""

import numpy as np
import pytest

from edgeasr.models import build
from edgeasr.packages import import_keras


def test_options_set_the_activations_of_their_layers() -> None:
    options = {"conv_activation": "sigmoid", "dense_activation": "tanh", "output_activation": "log_sigmoid"}
    model = build("voicemnist-cnn", (20, 20), 10, options)
    found = [layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")]
    assert found == ["sigmoid", "sigmoid", "tanh", "log_sigmoid"]
    mlp = build("voicemnist-mlp", (20, 20), 10, {"dense_activation": "sigmoid"})
    assert [layer.activation.__name__ for layer in mlp.layers if hasattr(layer, "activation")] == ["sigmoid", "linear"]


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_log_sigmoid_logits_have_the_cross_entropy_of_sigmoid_probabilities(scale: float) -> None:
    keras = import_keras("the test")
    x = scale * np.random.default_rng(0).standard_normal((50, 10)).astype(np.float32)
    wanted = np.eye(10, dtype=np.float32)[np.arange(50) % 10]
    probabilities = 1 / (1 + np.exp(-x))
    by_hand = -np.log((probabilities / probabilities.sum(axis=1, keepdims=True))[wanted == 1]).mean()
    of_probabilities = keras.losses.CategoricalCrossentropy()(wanted, probabilities)
    of_logits = keras.losses.CategoricalCrossentropy(from_logits=True)(wanted, keras.ops.log_sigmoid(x))
    np.testing.assert_allclose([float(of_probabilities), float(of_logits)], by_hand, rtol=1e-5)
