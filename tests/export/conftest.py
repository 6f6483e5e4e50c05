"""Bundles for the export tests: real Keras models, made for the purpose; conversion in this process."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.features import FrontendConfig
from edgeasr_export import conversion

FRONTEND = FrontendConfig(kind="mfcc", clip_ms=270)  # 13 x 10: small models convert fast


@contextmanager
def converting_here() -> Iterator[None]:
    """Have what is exported within converted in this process: each of its own loads TensorFlow first, for seconds."""
    from edgeasr_export import worker

    @contextmanager
    def start(module: str, work: str, *steps: str, log: Path, **_: Any) -> Iterator[SimpleNamespace]:
        told: list[dict[str, Any]] = []
        log.touch()
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="ignore"):
            patch.setattr(worker, "report", lambda **values: told.append(values))
            worker.main(Path(work), list(steps))
        yield SimpleNamespace(reports=lambda: told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "start", start)
        yield


@pytest.fixture
def convert_here() -> Iterator[None]:
    with converting_here():
        yield


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
