"""Small Keras models that have what the passes are for."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@pytest.fixture(scope="session")
def keras() -> Any:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(scope="session")
def samples() -> F32:
    """Give features [48, 12, 6] whose bins hang together, as those of speech do."""
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((48, 12, 3)) @ rng.standard_normal((3, 6))
    return (mixed + 0.3 * rng.standard_normal((48, 12, 6))).astype(np.float32)


@pytest.fixture(scope="session")
def uneven(keras: Any, samples: F32) -> Any:
    """Give a network with a depthwise convolution, batch norm, and channels of unlike widths."""
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((12, 6)),
            layers.Reshape((12, 6, 1)),
            layers.Conv2D(8, (3, 2), strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(8, 1, activation="relu"),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3),
        ],
        name="uneven",
    )
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            channels = layer.gamma.shape
            layer.gamma.assign(np.exp(rng.normal(0, 1, channels)))
            layer.beta.assign(rng.normal(0, 0.5, channels))
            layer.moving_mean.assign(rng.normal(0, 0.3, channels))
            layer.moving_variance.assign(np.exp(rng.normal(0, 1, channels)))
    return model


def outputs(model: Any, samples: F32) -> F32:
    """Run a model as it is outside of training."""
    return np.asarray(model(samples, training=False))


def snr_db(reference: F32, found: F32) -> float:
    """Compare outputs: signal to difference."""
    return float(10 * np.log10(np.square(reference).mean() / np.square(found - reference).mean()))
