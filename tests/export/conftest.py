"""Bundles for the export tests: real Keras models, made for the purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.features import FrontendConfig

FRONTEND = FrontendConfig(kind="mfcc", clip_ms=270)  # 13 x 10: small models convert fast


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[[Any], Bundle]:
    """Give a function that writes a bundle around a Keras model of input [13, 10] and output [3]."""

    def make(model: Any, clips: int = 40, name: str = "test") -> Bundle:
        rng = np.random.default_rng(0)
        features = rng.standard_normal((clips, *FRONTEND.shape)).astype(np.float32)
        manifest = Manifest(model=name, labels=("a", "b", "c"), frontend=FRONTEND, output="logits")
        samples = Samples(features, features, rng.integers(0, 3, clips))
        return Bundle.create(tmp_path / "bundle", manifest, model, samples)

    return make


@pytest.fixture
def dense_model() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input(FRONTEND.shape),
            keras.layers.Flatten(),
            keras.layers.Dense(16, "relu"),
            keras.layers.Dense(3),
        ]
    )
