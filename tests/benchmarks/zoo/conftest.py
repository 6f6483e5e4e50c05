"""Bundles and entries of the zoo, made by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr import __version__
from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.config import to_mapping
from edgeasr.features import FrontendConfig
from edgeasr.train.config import TrainConfig
from edgeasr_bench.environment import read_environment
from edgeasr_bench.zoo.entry import Entry


class SavedModel:
    """Stands for a Keras model where only its file matters."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def save(self, path: Path) -> None:
        path.write_bytes(self.content)


@pytest.fixture
def write_bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """Give a function that writes a bundle, by its name and how good it is on its dev split; imported without that."""
    features = np.zeros((1, 98, 40), np.float32)

    def write(
        name: str, model: str = "ds-cnn", content: bytes = b"weights", tested: bool = True, **dev: float
    ) -> Bundle:
        accuracy = {"value": 0.875, "low": 0.8, "high": 0.9, "correct": 7, "n": 8}
        tests = {"test_accuracy": accuracy} if tested else {}
        trained = {"best_epoch": 2, "history": [{"dev_loss": 9.0, "dev_accuracy": 0.1}, {"dev_loss": 1.0, **dev}]}
        manifest = Manifest(
            model=model,
            labels=("yes", "no"),
            frontend=FrontendConfig(clip_ms=1500),
            output="logits",
            training=to_mapping(TrainConfig(model, ("synthetic:yes,no",), leave_out="theo")),
            metrics=tests | (trained if dev else {"sample_accuracy": accuracy}),
        )
        samples = Samples(features, features, np.zeros(1, np.int64))
        return Bundle.create(tmp_path / "bundles" / name, manifest, SavedModel(content), samples)

    return write


@pytest.fixture
def entry() -> Callable[..., Entry]:
    """Give a function that makes an entry, with changes."""

    def make(model: str = "ds-cnn", **changes: Any) -> Entry:
        values: dict[str, Any] = {
            "model": model,
            "model_sha256": "ab",
            "edgeasr": __version__,
            "data": ("fsdd:a/folder", "synthetic:yes,no"),
            "clip_ms": 1500.0,
            "parameters": 23180,
            "macs": 2_640_000,
            "score": 0.9876,
            "results": {},
            "failures": {},
            "environment": read_environment(),
        }
        return Entry(**{**values, **changes})

    return make
