"""Import as a whole: the bundle that comes of it, and what a user sees when it does not."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle, Samples
from edgeasr.errors import BundleError, ConfigError, DataError, EdgeASRError, ExportError, MissingPackageError
from edgeasr.features import FrontendConfig
from edgeasr.models import model_spec
from edgeasr.runtime import load
from edgeasr_export.importing import find_frontend, formats_of, import_model, importer, load_source, run

LABELS = ("a", "b", "c")
WriteOnnx = Callable[..., Path]


@pytest.fixture
def samples(features: np.ndarray) -> Samples:
    return Samples(features[:8], features, np.zeros(0, np.int64))


def test_import_makes_a_bundle(write_onnx: WriteOnnx, samples: Samples, features: np.ndarray, tmp_path: Path) -> None:
    weights = np.eye(130, 3, dtype=np.float32)  # the first three features are the scores
    targets = features[:, 0, :3].argmax(axis=1)
    targets[:2] = (-1, (targets[1] + 1) % 3)  # one is background, one is wrong
    path, frontend = write_onnx(weights=weights, input_shape=("n", 130)), FrontendConfig(kind="mfcc", clip_ms=270)
    samples = Samples(samples.calibration, samples.verification, targets)
    made = import_model(path, tmp_path / "bundle", LABELS, frontend, samples, licence="CC0")
    bundle = Bundle.open(tmp_path / "bundle")
    assert bundle == made
    manifest = bundle.manifest
    assert (manifest.model, manifest.labels, manifest.frontend) == ("brought", LABELS, frontend)
    assert (manifest.model_file, manifest.output, manifest.licence) == ("model.onnx", "logits", "CC0")
    assert manifest.training["imported"] == "brought.onnx"
    assert (manifest.metrics["sample_accuracy"]["correct"], manifest.metrics["sample_accuracy"]["n"]) == (18, 19)
    assert bundle.samples().calibration.shape == (8, 130)  # as the model takes it
    np.testing.assert_array_equal(bundle.samples().verification, features.reshape(20, 130))
    source = load_source(bundle)
    assert (source.kind, source.path, formats_of(source.kind)) == ("onnx", bundle.path / "model.onnx", ("onnx",))
    np.testing.assert_allclose(run(source, bundle.samples().verification), features[:, 0, :3], rtol=0, atol=1e-6)
    assert bundle.card("int8").model_sha256 == manifest.sha256["model.onnx"]
    with pytest.raises(BundleError, match=r"holds model.onnx, which was imported, .*: run its float32 artefact"):
        load(bundle.path)


@pytest.mark.parametrize(("scale", "output"), [(1e-4, "probabilities"), (1, "logits")])
def test_import_finds_what_the_model_gives(
    write_onnx: WriteOnnx, samples: Samples, tmp_path: Path, scale: float, output: str
) -> None:
    path = write_onnx(weights=np.full((130, 3), scale, np.float32))
    positive = Samples(np.abs(samples.calibration), np.abs(samples.verification), samples.targets)
    bundle = import_model(path, tmp_path / "bundle", LABELS, None, positive)
    assert (bundle.manifest.output, bundle.manifest.metrics) == (output, {})
    said = import_model(path, tmp_path / "bundle", LABELS, None, positive, output="logits", overwrite=True)
    assert said.manifest.output == "logits"


def test_import_refuses_what_does_not_fit_and_leaves_nothing(
    write_onnx: WriteOnnx, samples: Samples, tmp_path: Path, features: np.ndarray
) -> None:
    path = write_onnx()
    silence = Samples(np.zeros_like(features), features, samples.targets)
    cases: list[tuple[tuple[Any, ...], type[EdgeASRError], str]] = [
        ((path, tmp_path / "b", ("a", "b"), None, samples), ConfigError, "has 3 outputs, got 2 labels: give one label"),
        ((path, tmp_path / "b", ("a", "b", "a"), None, samples), ConfigError, "labels: expected names, each once"),
        ((path, tmp_path / "b", LABELS, None, silence), DataError, "silence"),
        ((path, tmp_path, LABELS, None, samples), BundleError, "exists and is not a bundle"),
        ((tmp_path / "no.keras", tmp_path / "b", LABELS, None, samples), ExportError, "no such file"),
        ((tmp_path, tmp_path / "b", LABELS, None, samples), ExportError, "a folder without saved_model.pb"),
    ]
    for arguments, error, message in cases:
        with pytest.raises(error, match=message):
            import_model(*arguments)
    assert [file.name for file in tmp_path.iterdir()] == ["brought.onnx"]


def test_import_refuses_scores_that_are_no_scores(write_onnx: WriteOnnx, samples: Samples, tmp_path: Path) -> None:
    path = write_onnx(weights=np.full((130, 3), 3e38, np.float32))
    with pytest.raises(ExportError, match="gives scores that are not finite on real features"):
        import_model(path, tmp_path / "b", LABELS, None, samples)


def test_import_tells_of_a_reader_that_crashes(
    write_onnx: WriteOnnx, samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "crashing.py"
    module.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(importer, "_WORKER", "crashing")
    with pytest.raises(ExportError, match=r"cannot be read: the process that reads it crashed \(SIGSEGV\)"):
        import_model(write_onnx(), tmp_path / "b", LABELS, None, samples)
    module.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(importer, "_TIME_LIMIT_S", 0.2)
    with pytest.raises(ExportError, match=r"the process that reads it was stopped after 0.2 s"):
        import_model(write_onnx(), tmp_path / "b", LABELS, None, samples)


def test_import_says_which_package_is_missing(
    write_onnx: WriteOnnx, samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else find(name))
    with pytest.raises(MissingPackageError, match=r"needs the package onnxruntime: pip install 'edgeasr\[export\]'"):
        import_model(write_onnx(), tmp_path / "b", LABELS, None, samples)


@pytest.mark.slow
def test_import_refuses_a_model_that_scores_every_frame(samples: Samples, tmp_path: Path) -> None:
    import keras

    keras.Sequential([keras.Input((13, 10)), keras.layers.Dense(3)]).save(tmp_path / "frames.keras")
    with pytest.raises(ExportError, match=r"expected scores of shape \[clips, labels\], got \[20, 13, 3\]"):
        import_model(tmp_path / "frames.keras", tmp_path / "b", LABELS, None, samples)


def test_find_frontend(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('kind = "mfcc"\nhop_ms = 10\n')
    assert find_frontend("none") is None
    assert find_frontend("ds-cnn") == model_spec("ds-cnn").frontend
    assert find_frontend(str(tmp_path / "mine.toml")) == FrontendConfig(kind="mfcc", hop_ms=10.0)
    (tmp_path / "wrong.toml").write_text("hop = 10\n")
    for name, message in (
        ("nonsense", "unknown front end 'nonsense': expected a .toml file, none, or one of ds-cnn"),
        (str(tmp_path / "wrong.toml"), "unknown setting 'hop'"),
        (str(tmp_path / "none.toml"), "cannot read the settings"),
    ):
        with pytest.raises(ConfigError, match=message):
            find_frontend(name)
