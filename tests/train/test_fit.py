"""Training, at the level where a user stands: real speech synthesis, real Keras, real files."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError, ConfigError, DataError, EdgeASRError, TrainingError
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import train

CONFIG = TrainConfig(model="ds-cnn", data=("synthetic:yes,no",), epochs=3, batch_size=64, seed=7)
SMALL = replace(CONFIG, limit=32)  # too few clips to learn from


class Stop(Exception):
    """The end of a training that is interrupted."""


def stop_after(epoch: int) -> Callable[[str], None]:
    def report(line: str) -> None:
        if line.startswith(f"epoch {epoch:3d}/"):
            raise Stop

    return report


def command(out: Path) -> list[str]:
    """Give the command line that does what CONFIG says."""
    settings = ["--data", "synthetic:yes,no", "--epochs", "3", "--batch-size", "64", "--seed", "7"]
    return [sys.executable, "-m", "edgeasr", "train", "ds-cnn", *settings, "--out", str(out)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Train in a process of its own: TensorFlow's sums depend on the number of threads, which other tests limit."""
    out = tmp_path_factory.mktemp("train") / "yes-no"
    subprocess.run(command(out), check=True, capture_output=True)
    return Bundle.open(out)


def weights(bundle: Bundle) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(bundle.model_path, compile=False).get_weights()


def assert_same_weights(first: Bundle, second: Bundle) -> None:
    for one, other in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(one, other)


def test_train_writes_a_bundle_that_says_how_it_was_made(trained: Bundle) -> None:
    bundle = Bundle.open(trained.path)
    assert bundle.manifest.labels == ("yes", "no")
    assert bundle.manifest.training["seed"] == 7
    assert len(bundle.manifest.metrics["history"]) == 3
    accuracy = bundle.manifest.metrics["test_accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert not bundle.path.with_name("yes-no.training").exists()


def test_train_normalises_features_over_the_training_split(trained: Bundle) -> None:
    calibration = trained.samples().calibration
    assert calibration.shape[1:] == trained.manifest.frontend.shape
    assert np.abs(calibration.mean(axis=(0, 1))).max() < 0.3
    assert np.abs(calibration.std(axis=(0, 1)) - 1).max() < 0.3


def test_train_keeps_as_many_samples_of_each_label(trained: Bundle) -> None:
    counts = np.bincount(trained.samples().targets)
    assert len(counts) == 2
    assert counts.min() > 0


@pytest.mark.slow
def test_train_with_another_seed_gives_another_model(trained: Bundle, tmp_path: Path) -> None:
    other = train(replace(CONFIG, seed=8, epochs=1), tmp_path / "other")
    assert any((one != two).any() for one, two in zip(weights(trained), weights(other), strict=True))


def test_train_learns(tmp_path: Path) -> None:
    bundle = train(replace(CONFIG, epochs=8, batch_size=16, limit=300), tmp_path / "learned")
    assert bundle.manifest.metrics["test_accuracy"]["value"] > 0.8  # 0.5 is chance


def test_train_stops_early_after_patience(tmp_path: Path) -> None:
    config = replace(SMALL, epochs=50, patience=1, learning_rate=1e-12)  # learns nothing
    history = train(config, tmp_path / "early").manifest.metrics["history"]
    assert len(history) < 10


@pytest.mark.slow
def test_train_interrupted_by_ctrl_c_resumes_to_the_same_model(trained: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "resumed"
    with subprocess.Popen(command(out), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch   1/3"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "edgeasr: interrupted"
    assert "Traceback" not in rest
    assert not out.exists()
    state = json.loads((tmp_path / "resumed.training" / "state.json").read_text())
    assert state["epoch"] in (1, 2)  # the signal may come late, but not after the end

    rest = subprocess.run(command(out), check=True, capture_output=True, text=True).stderr
    assert "resuming after epoch" in rest
    resumed = Bundle.open(out)
    assert_same_weights(trained, resumed)
    assert [entry["loss"] for entry in resumed.manifest.metrics["history"]] == [
        entry["loss"] for entry in trained.manifest.metrics["history"]
    ]


@pytest.mark.slow
def test_train_refuses_to_resume_with_other_settings(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    with pytest.raises(Stop):
        train(CONFIG, out, report=stop_after(1))
    with pytest.raises(BundleError, match="was begun with seed = 7, not 1: pass the same settings"):
        train(replace(CONFIG, seed=1), out)
    (tmp_path / "bundle.training" / "state.json").write_text("{")
    with pytest.raises(BundleError, match="--restart"):
        train(CONFIG, out)
    assert train(replace(CONFIG, epochs=1), out, restart=True).manifest.metrics["best_epoch"] == 1


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(
            replace(CONFIG, epochs=2, weight_decay=0.1, warmup_epochs=1, clip_norm=1.0), marks=pytest.mark.slow
        ),
        TrainConfig(
            "ctc-cnn-rnn",
            ("synthetic:yes,no",),
            frontend={"clip_ms": 1500.0},
            epochs=2,
            limit=8,
            optimizer="sgd",
            momentum=0.9,
            seed=1,
        ),
    ],
)
def test_a_resumed_training_ends_as_one_that_went_through(config: TrainConfig, tmp_path: Path) -> None:
    through = train(config, tmp_path / "through")
    with pytest.raises(Stop):
        train(config, tmp_path / "resumed", report=stop_after(1))
    assert_same_weights(through, train(config, tmp_path / "resumed"))


@pytest.mark.slow
def test_a_training_that_ran_out_of_patience_is_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(CONFIG, epochs=50, patience=1, learning_rate=1e-12)
    with monkeypatch.context() as patched:
        patched.setattr(Bundle, "create", lambda *arguments: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            train(config, tmp_path / "early")
    epochs = json.loads((tmp_path / "early.training" / "state.json").read_text())["epoch"]
    assert len(train(config, tmp_path / "early").manifest.metrics["history"]) == epochs


def test_the_front_end_of_a_recipe_changes_the_model_s_own(tmp_path: Path) -> None:
    frontend = train(replace(SMALL, epochs=1, frontend={"clip_ms": 700.0}), tmp_path / "short").manifest.frontend
    assert frontend is not None
    assert (frontend.clip_ms, frontend.kind, frontend.coefficients) == (700.0, "mfcc", 10)
    with pytest.raises(ConfigError, match="frontend: unknown setting 'clip'"):
        train(replace(CONFIG, frontend={"clip": 1}), tmp_path / "wrong")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": {"colour": "red"}}, "ds-cnn has no option 'colour'"),
        ({"model": "fsdd-cnn", "frontend": {"clip_ms": 100.0}}, "fsdd-cnn cannot be built for features of shape"),
        ({"model": "voicemnist-mlp", "options": {"dense_activation": "tanhh"}}, "voicemnist-mlp cannot be built"),
        ({"model": "voicemnist-cnn", "data": ("transcripts:none",)}, "none"),
    ],
)
def test_what_cannot_be_built_is_one_clear_line(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(EdgeASRError, match=message):
        train(replace(SMALL, **change), tmp_path / "wrong")


def test_train_refuses_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BundleError, match="not a bundle"):
        train(CONFIG, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_train_without_labelled_clips_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        train(replace(CONFIG, data=(f"folder:{tmp_path}",)), tmp_path / "out")


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"data": ()}, {"patience": -1}]
)
def test_config_out_of_range_is_an_error(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(change))):
        replace(CONFIG, **change)  # type: ignore[arg-type]


def test_batches_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    from edgeasr.features import FrontendConfig
    from edgeasr.train.classification import ClassificationBatches
    from edgeasr.train.corpus import Clips

    rng = np.random.default_rng(0)
    audio = rng.standard_normal((10, 16000)).astype(np.float32) * 0.1
    batches = ClassificationBatches(Clips(audio, np.arange(10)), 10, FrontendConfig(), replace(CONFIG, batch_size=4))
    forward = [batches.get(5, index) for index in range(len(batches))]
    assert [len(features) for features, _ in forward] == [4, 4, 2]
    for index in (2, 0, 1):
        np.testing.assert_array_equal(batches.get(5, index)[0], forward[index][0])
        np.testing.assert_array_equal(batches.get(5, index)[1], forward[index][1])
    assert (batches.get(6, 0)[0] != forward[0][0]).any()


def test_train_that_diverges_stops_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="loss is nan after epoch 1: try a smaller learning rate"):
        train(replace(SMALL, learning_rate=float("1e38")), tmp_path / "diverged")
    assert not (tmp_path / "diverged").exists()


def test_seeds_reach_dropout_inside_recurrent_and_nested_layers() -> None:
    import keras

    from edgeasr.train.fit import _seed_dropout

    inner = keras.Sequential([keras.layers.GRU(4, dropout=0.5), keras.layers.Dropout(0.5)])
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            keras.layers.Bidirectional(keras.layers.GRU(4, dropout=0.5, return_sequences=True)),
            inner,
        ]
    )
    model(np.zeros((1, 5, 3), np.float32))

    def states(seed: int, epoch: int) -> list[tuple[int, ...]]:
        _seed_dropout(model, seed, epoch)
        layers = [layer for layer in model._flatten_layers() if hasattr(layer, "seed_generator")]
        return [tuple(np.asarray(layer.seed_generator.state).tolist()) for layer in layers]

    assert len(states(3, 8)) == 4
    assert states(3, 8) == states(3, 8)
    assert len({*states(3, 8), *states(3, 9), *states(4, 8)}) == 12  # no two layers, epochs or seeds share theirs
