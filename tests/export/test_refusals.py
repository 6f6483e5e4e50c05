"""Export of what cannot be exported: what a user sees."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.card import CtcOutput
from edgeasr.cli.export import command
from edgeasr.errors import ConfigError, DataError, ExportError, MissingPackageError
from edgeasr.features import FrontendConfig
from edgeasr_export import ExportSettings, PartialExportError, conversion, export_bundle
from edgeasr_export.conversion import Conversion

MakeBundle = Callable[[Any], Bundle]


def test_export_of_a_model_that_hangs_is_stopped(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    with pytest.raises(ExportError, match=r"original cannot be .* stopped after 0\.001 s: .*\(log: .*export\.log\)$"):
        export_bundle(bundle, ["int8"], ["tflite"], time_limit_s=0.001)  # every model hangs for longer than that
    assert {path.name for path in bundle.path.iterdir()} <= {"manifest.json", "export.log", *bundle.manifest.sha256}


WORKER = """
import os, signal, sys, time
from edgeasr.child import report

for step in sys.argv[2:]:
    report(start=step)
    print("noise without a line break", end="")
    if step == "tflite:int8":
        time.sleep(600)
    if step == "onnx:int8":
        os.kill(os.getpid(), signal.SIGSEGV)
    if step == "onnx:dynamic":
        sys.exit("unsupported operator")
    report(step=step, file=step)
"""


def test_conversion_that_hangs_or_crashes_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_worker.py").write_text(WORKER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(conversion, "WORKER", "some_worker")
    begun: list[str] = []
    steps = ["tflite:float32", "tflite:int8", "onnx:int8", "onnx:dynamic", "onnx:float32"]
    assert conversion.convert(tmp_path, steps, 2, begun.append) == [
        Conversion("tflite:float32", "tflite:float32"),
        Conversion("tflite:int8", failure="the converter was stopped after 2 s: give it a longer --time-limit"),
        Conversion("onnx:int8", failure="the converter crashed (SIGSEGV)"),
        Conversion("onnx:dynamic", failure="unsupported operator"),
        Conversion("onnx:float32", "onnx:float32"),
    ]
    assert begun == ["original", *steps]


@pytest.mark.usefixtures("convert_here")
def test_export_of_a_model_with_nan_weights_is_refused(make_bundle: MakeBundle, dense_model: Any) -> None:
    weights = dense_model.get_weights()
    weights[0][0, 0] = np.nan
    dense_model.set_weights(weights)
    with pytest.raises(ExportError, match="not finite"):
        export_bundle(make_bundle(dense_model), ["float32"], ["tflite"])


@pytest.mark.usefixtures("convert_here")
def test_export_out_of_tolerance_is_an_error(make_bundle: MakeBundle, dense_model: Any) -> None:
    weights = dense_model.get_weights()
    weights[0][:, 0] *= 1e4  # one unit so loud that int8 has no steps left for the others
    dense_model.set_weights(weights)
    bundle = make_bundle(dense_model)
    kernel = dense_model.layers[-1].get_weights()
    kernel[0][0] = 1e-5
    dense_model.layers[-1].set_weights(kernel)
    bundle = Bundle.create(bundle.path, bundle.manifest, dense_model, bundle.samples())
    done = CliRunner().invoke(command, [str(bundle.path), "--float32", "--int8", "--format", "tflite"])
    assert isinstance(done.exception, PartialExportError)
    assert "tflite:int8: agrees with the original on" in str(done.exception)
    assert "float32.tflite" in done.output  # what was made is shown, and kept
    kept = Bundle.open(bundle.path).manifest.artefacts
    assert [artefact.name for artefact in kept] == [one.name for one in done.exception.made] == ["test.float32.tflite"]


@pytest.mark.slow
def test_export_of_an_operation_that_no_format_has_names_its_layer(make_bundle: MakeBundle) -> None:
    import keras

    inputs = keras.Input((13, 10))
    odd = keras.ops.erfinv(keras.ops.tanh(keras.layers.Dense(2)(inputs)))
    bundle = make_bundle(keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(odd))))
    with pytest.raises(PartialExportError) as caught:
        export_bundle(bundle, ["float32"])
    for name in ("TFLite", "ONNX"):
        assert f"{name} has no operator for Erfinv, of the layer 'erfinv'" in str(caught.value)
    assert caught.value.made == ()


@pytest.mark.usefixtures("convert_here")
def test_export_refuses_to_calibrate_on_one_clip_and_reports_other_features(
    make_bundle: MakeBundle, dense_model: Any
) -> None:
    bundle = make_bundle(dense_model)
    samples = bundle.samples()

    def having(calibration: np.ndarray) -> Bundle:
        return Bundle.create(bundle.path, bundle.manifest, dense_model, replace(samples, calibration=calibration))

    with pytest.raises(DataError, match="calibration: has one clip"):
        export_bundle(having(samples.calibration[:1]))
    with pytest.raises(DataError, match=r"all clips have the same features \(silence\?\)"):
        export_bundle(having(np.zeros_like(samples.calibration)))
    (made,) = export_bundle(having(samples.calibration * 3), ["int8"], ["tflite"]).manifest.artefacts
    assert any("vary 3 times as much: their ranges may not fit" in note for note in made.verification["notes"])


@pytest.mark.usefixtures("convert_here")
def test_a_recogniser_that_falls_silent_is_refused(tmp_path: Path) -> None:
    """Most frames are blank, so a file that writes nothing would agree with the original on most of them."""
    import keras

    keras.utils.set_random_seed(0)
    frontend = FrontendConfig(kind="mfcc", clip_ms=1030)
    model = keras.Sequential([keras.Input((None, frontend.bins)), keras.layers.Dense(4)])
    kernel, bias = np.zeros((frontend.bins, 4), np.float32), np.array([0, 0, 0, 1], np.float32)
    kernel[0, 0] = kernel[1, 1] = 1  # "a" and "b" where the first features are above 1
    model.set_weights([kernel, bias])
    features = np.zeros((12, *frontend.shape), np.float32)
    features[:, :, 5] = 1000.0  # so loud that int8 has one step for everything else
    features[:, 10, 0] = features[:, 30, 1] = 1.4
    features[:, 0, 6] = np.arange(12)  # no two clips alike
    manifest = Manifest("silent", ("a", "b", " ", "<blank>"), frontend, "logits", ctc=CtcOutput())
    samples = Samples(features, features, np.tile([0, 1], (12, 1)))
    bundle = Bundle.create(tmp_path / "bundle", manifest, model, samples)
    (artefact,) = export_bundle(bundle, ["float32"], ["tflite"]).manifest.artefacts
    assert artefact.verification["agreement"] == artefact.verification["accuracy"] == 1
    with pytest.raises(ExportError, match=r"agrees with the original on \d+\.\d% of the characters of 12 clips"):
        export_bundle(bundle, ["int8"], ["tflite"], ExportSettings("minmax"))


def test_export_to_what_does_not_exist_is_found_before_any_work(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    with pytest.raises(ConfigError, match="unknown scheme 'int3'"):
        export_bundle(bundle, ["int3"])
    with pytest.raises(ConfigError, match="unknown format 'coreml'"):
        export_bundle(bundle, ["int8"], ["coreml"])


def test_export_without_the_converter_names_the_install_line(
    make_bundle: MakeBundle, dense_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else real(name))
    with pytest.raises(MissingPackageError, match=r"tf2onnx.*pip install 'edgeasr\[export\]'"):
        export_bundle(make_bundle(dense_model), ["int8"], ["onnx"])


def test_export_of_a_damaged_model_says_so(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    whole = bundle.model_path.read_bytes()
    bundle.model_path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ExportError, match="the original cannot be loaded"):  # past the hash check of Bundle.open
        export_bundle(bundle, ["int8"])
    assert "model.keras" in (bundle.path / "export.log").read_text()
