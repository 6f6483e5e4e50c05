"""Inspection of real files: sizes add up, and the quantised layer is found to be the noisy one."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.bundle import Bundle
from edgeasr.cli import group
from edgeasr.errors import ArtefactError, ExportError
from edgeasr_export import ExportSettings, export_bundle
from edgeasr_export.inspection import compare, describe, find_original
from tests.export.conftest import converting_here
from tests.export.variants.conftest import FRONTEND, ears


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
    with converting_here():
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


def test_steps_are_compared_with_the_states_of_the_float_file(tmp_path: Path) -> None:
    features = np.random.default_rng(0).uniform(0, 25, (3, *FRONTEND.shape)).astype(np.float32)
    for hold, heard in ((0, True), (2, False)):  # of three steps
        original, artefact = (ears(tmp_path / f"{hold}.{type}.tflite", type, hold) for type in ("FLOAT32", "INT8"))
        found = {one.name: one for one in compare(artefact, original, features)}
        assert {"features", "past", "past_next", "scores"} <= set(found)
        assert (found["past"].high > 24) == heard
        assert found["past"].max_abs_error < 0.06  # its own error, not that of the steps before
        assert all(math.isinf(one.snr_db) for one in compare(original, original, features))


def test_files_of_other_forms_are_not_compared(tmp_path: Path) -> None:
    steps, waiting = ears(tmp_path / "a.tflite"), ears(tmp_path / "b.tflite", hold=1)
    with pytest.raises(ExportError, match="takes other steps than"):
        compare(steps, waiting, np.zeros((1, *FRONTEND.shape), np.float32))


def test_original_is_the_float_file_of_the_same_format(exported: Bundle, tmp_path: Path) -> None:
    for format in ("tflite", "onnx"):
        found = find_original(file(exported, format, "int8"), exported, tmp_path, pytest.fail)
        assert found == file(exported, format, "float32")
    with pytest.raises(ExportError, match="was made from another model than that of"):  # and not after an export
        find_original(ears(tmp_path / "ears.tflite"), exported, tmp_path, pytest.fail)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_command_compares_the_steps_of_a_recurrent_model(make_bundle: Callable[[Any], Bundle], format: str) -> None:
    from keras import Input, Sequential, layers

    model = Sequential([Input((13, 10)), layers.GRU(4, name="memory"), layers.Dense(3)])
    bundle = export_bundle(make_bundle(model), ["int8"], [format], ExportSettings("minmax"))
    artefact, before = bundle.path / bundle.manifest.artefacts[-1].name, bundle.sha256
    shown = CliRunner().invoke(group, ["inspect", str(artefact), "--against", str(bundle.path), "--json"])
    assert shown.exit_code == 0, shown.exception
    assert "exporting the float original: `edgeasr export" in shown.stderr
    found = [one for one in json.loads(shown.stdout)["differences"] if "memory_output" in one["name"]]
    assert all(15 < one["snr_db"] < 60 for one in found)
    assert found
    assert Bundle.open(bundle.path).sha256 == before


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
