"""Inspection of real files: sizes add up, and the quantised layer is found to be the noisy one."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgeasr.bundle import Bundle
from edgeasr.cli import group
from edgeasr.errors import ArtefactError, ExportError
from edgeasr_export import ExportSettings, export_bundle
from edgeasr_export.inspection import compare, describe


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The model of `dense_model`, float32 and int8 in both formats."""
    import keras
    import numpy as np

    from edgeasr.bundle import Manifest, Samples
    from edgeasr.features import FrontendConfig

    keras.utils.set_random_seed(0)
    frontend = FrontendConfig(kind="mfcc", clip_ms=270)
    layers = [keras.layers.Flatten(), keras.layers.Dense(16, "relu", name="hidden"), keras.layers.Dense(3, name="last")]
    model = keras.Sequential([keras.Input(frontend.shape), *layers])
    rng = np.random.default_rng(0)
    features = rng.standard_normal((20, *frontend.shape)).astype(np.float32)
    manifest = Manifest("small", ("a", "b", "c"), frontend, "logits")
    samples = Samples(features, features, rng.integers(0, 3, 20))
    bundle = Bundle.create(tmp_path_factory.mktemp("inspect") / "bundle", manifest, model, samples)
    return export_bundle(bundle, ["float32", "int8"], settings=ExportSettings("minmax"))


def file(bundle: Bundle, format: str, scheme: str) -> Path:
    return next(
        bundle.path / item.name for item in bundle.manifest.artefacts if (item.format, item.scheme) == (format, scheme)
    )


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_operators_have_the_sizes_of_their_layers(exported: Bundle, format: str) -> None:
    for scheme, width in (("float32", 4), ("int8", 1)):
        layers = [layer for layer in describe(file(exported, format, scheme)) if layer.macs]
        assert [layer.macs for layer in layers] == [130 * 16, 16 * 3]
        assert [layer.shape for layer in layers] == [(1, 16), (1, 3)]
        assert width * 130 * 16 <= layers[0].weight_bytes <= width * 130 * 16 + 16 * 8
        assert (layers[0].scale is None) == (scheme == "float32")


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_differences_of_int8_are_noise_and_of_float_none(exported: Bundle, format: str) -> None:
    original, features = file(exported, format, "float32"), exported.samples().verification
    differences = compare(file(exported, format, "int8"), original, features)
    noisy = [one for one in differences if math.isfinite(one.snr_db)]
    assert len(noisy) >= 2
    assert all(15 < one.snr_db < 60 for one in noisy)
    assert differences == sorted(differences, key=lambda one: one.snr_db)
    assert all(math.isinf(one.snr_db) and one.max_abs_error == 0 for one in compare(original, original, features))


def test_files_of_other_models_have_nothing_to_compare(exported: Bundle) -> None:
    features = exported.samples().verification
    with pytest.raises(ExportError, match="no activation in common"):
        compare(file(exported, "onnx", "int8"), file(exported, "tflite", "float32"), features)


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("")
    with pytest.raises(ArtefactError, match="expected a .tflite or an .onnx file"):
        describe(tmp_path / "model.txt")
    (tmp_path / "model.onnx").write_bytes(b"no")
    with pytest.raises(ArtefactError, match="not an ONNX file"):
        describe(tmp_path / "model.onnx")


def test_command_prints_layers_and_differences(exported: Bundle, tmp_path: Path) -> None:
    artefact = str(file(exported, "tflite", "int8"))
    run: Callable[..., Any] = CliRunner().invoke
    shown = run(group, ["inspect", artefact])
    assert shown.exit_code == 0, shown.output
    assert "FULLY_CONN" in shown.output
    assert "small, int8" in shown.output
    picture = tmp_path / "picture.png"
    command = ["inspect", artefact, "--against", str(exported.path), "--plot", str(picture), "--json"]
    found = json.loads(run(group, command).stdout)
    assert len(found["layers"]) >= 2
    assert found["differences"]
    assert found["card"]["scheme"] == "int8"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run(group, ["inspect", artefact, "--plot", str(picture)]).exit_code == 2
