"""What the attention blocks do to a feature map."""

from typing import Any

import numpy as np
import pytest

from edgeasr.models import build
from edgeasr.models.attention import spatial_attention, time_attention
from edgeasr.packages import import_keras

SHAPE = (6, 5, 4)


def _model(block: Any) -> Any:
    keras = import_keras("the test")
    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, block(inputs))


def _features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, *SHAPE)).astype(np.float32)


def test_spatial_attention_weights_all_channels_of_a_place_alike_between_0_and_1() -> None:
    model, features = _model(spatial_attention), _features()
    weights = np.asarray(model(features)) / features
    assert ((weights > 0) & (weights < 1)).all()
    np.testing.assert_allclose(weights, np.broadcast_to(weights[..., :1], weights.shape), rtol=1e-4)
    assert np.ptp(weights[..., 0]) > 0.01


def test_spatial_attention_looks_at_the_neighbours_only() -> None:
    model, features = _model(spatial_attention), _features()
    before = np.asarray(model(features))
    features[:, 0, 0] += 1
    changed = (np.asarray(model(features)) != before).any(axis=(0, 3))
    assert changed[:2, :2].all()
    assert not changed[2:].any()
    assert not changed[:, 2:].any()


def test_time_attention_is_scaled_dot_product_attention_with_a_residual() -> None:
    model, features = _model(lambda x: time_attention(x, dimensions=3)), _features()
    frames = features.reshape(2, 6, 20)

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        kernel, bias = model.get_layer(name).get_weights()
        return x @ kernel + bias

    scores = dense("query", frames) @ dense("key", frames).swapaxes(1, 2) / np.sqrt(3)
    weights = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    expected = frames + dense("attended", weights @ dense("value", frames))
    np.testing.assert_allclose(np.asarray(model(features)), expected.reshape(2, *SHAPE), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["attention-cnn", "attention-cnn-qkv"])
def test_model_with_attention_is_loaded_without_code_of_ours(name: str, tmp_path: Any) -> None:
    keras = import_keras("the test")
    model = build(name, (28, 28), 10)
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(0).standard_normal((2, 28, 28)).astype(np.float32)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(loaded(images)), np.asarray(model(images)), rtol=1e-6)
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
