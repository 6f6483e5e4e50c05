"""Fine-tuning with simulated quantisation, on small images made for the purpose."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.errors import ExportError
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import train
from edgeasr_export.improve import Grid, finetune
from edgeasr_export.improve.graph import normal_form
from edgeasr_export.improve.simulate import Simulation
from tests.export.improve.conftest import outputs

COARSE = Grid(weight_bits=2, per_tensor=True, activation_bits=4)  # weights of -1, 0 and 1


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Train on ten pictures, each drawn often with noise."""
    folder = tmp_path_factory.mktemp("finetune")
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (10, 28, 28))
    arrays = {}
    for split, count in (("train", 400), ("test", 100)):
        targets = np.arange(count) % 10
        noisy = pictures[targets] + rng.normal(0, 100, (count, 28, 28))
        arrays |= {f"x_{split}": noisy.clip(0, 255).astype(np.uint8), f"y_{split}": targets.astype(np.uint8)}
    np.savez(folder / "mnist.npz", **arrays)
    config = TrainConfig("attention-cnn-plain", (f"mnist:{folder / 'mnist.npz'}",), epochs=8, learning_rate=2e-3)
    trained = train(config, folder / "bundle")
    assert trained.manifest.metrics["test_accuracy"]["value"] > 0.95
    return trained


@pytest.fixture(scope="module")
def model(bundle: Bundle) -> Any:
    import keras

    return keras.saving.load_model(bundle.model_path, compile=False)


def coarse_accuracy(model: Any, bundle: Bundle) -> float:
    samples = bundle.samples()
    simulation = Simulation(normal_form(model), COARSE)
    simulation.calibrate(samples.calibration)
    return float(np.mean(outputs(simulation.model, samples.verification).argmax(axis=1) == samples.targets))


def test_finetune_wins_accuracy_back_and_gives_a_plain_model(bundle: Bundle, model: Any, tmp_path: Path) -> None:
    import keras

    lines: list[str] = []
    before = [weight.copy() for weight in model.get_weights()]
    faster = replace(bundle.manifest, training={**bundle.manifest.training, "learning_rate": 1e-2})
    better = finetune(model, bundle.samples().calibration, COARSE, faster, 2, report=lines.append)
    assert all(map(np.array_equal, before, model.get_weights()))
    assert len(lines) == 3
    assert coarse_accuracy(better, bundle) > coarse_accuracy(model, bundle) + 0.1
    better.save(tmp_path / "model.keras")
    assert {type(layer).__module__.partition(".")[0] for layer in better.layers} == {"keras"}
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    few = bundle.samples().verification[:8]
    np.testing.assert_allclose(outputs(loaded, few), outputs(better, few), atol=1e-5)


def test_finetune_keeps_the_model_where_no_epoch_is_better(
    bundle: Bundle, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeasr.train.classification.Classifying.rank", lambda self, measures: (0.0,))
    same = finetune(model, bundle.samples().calibration, COARSE, bundle.manifest, 1)
    assert all(map(np.array_equal, model.get_weights(), same.get_weights()))


def test_finetune_on_other_data_is_refused(bundle: Bundle, model: Any) -> None:
    other = replace(bundle.manifest, labels=("yes", "no"))
    with pytest.raises(ExportError, match="expected the data that the model was trained on"):
        finetune(model, bundle.samples().calibration, COARSE, other, 1)


def test_finetune_of_an_imported_model_is_refused(bundle: Bundle, model: Any) -> None:
    imported = replace(bundle.manifest, training={"imported": "kws.h5", "imported_sha256": "ab"})
    with pytest.raises(ExportError, match="does not say how it was trained"):
        finetune(model, bundle.samples().calibration, COARSE, imported, 1)
