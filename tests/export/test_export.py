"""Export, with the real converters: what comes out, and what a user sees when one fails."""

import json
import os
import signal
import subprocess
import sys
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
from edgeasr.runtime import load
from edgeasr.scores import softmax
from edgeasr_export import EXPORTERS, SCHEMES, ExportSettings, PartialExportError, conversion, export_bundle
from edgeasr_export.calibration import METHODS, TRIED
from edgeasr_export.conversion import Conversion
from edgeasr_export.importing import Source
from edgeasr_export.inspection import describe
from edgeasr_export.maker import Maker
from edgeasr_export.schemes import scheme
from edgeasr_export.verify import Verification, verify

MakeBundle = Callable[[Any], Bundle]


def leftovers(bundle: Bundle) -> list[str]:
    known = {"manifest.json", *bundle.manifest.sha256}
    return sorted(path.name for path in bundle.path.iterdir() if path.name not in known)


def test_export_writes_every_scheme_in_every_format_that_has_it(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = export_bundle(make_bundle(dense_model), list(SCHEMES))
    bundle = Bundle.open(bundle.path)  # hashes are right
    made = {(artefact.format, artefact.scheme) for artefact in bundle.manifest.artefacts}
    assert made == {(format, name) for format in EXPORTERS for name in SCHEMES if format in scheme(name).quantise}
    assert leftovers(bundle) == []
    features = bundle.samples().verification
    original = softmax(np.asarray(dense_model.predict(features, verbose=0)))
    sizes = {}
    for artefact in bundle.manifest.artefacts:
        model = load(bundle.path / artefact.name)
        assert model.labels == ("a", "b", "c")
        assert model.frontend == bundle.manifest.frontend
        assert model.scheme == artefact.scheme
        assert model.card is not None
        assert model.card.model_sha256 == bundle.manifest.sha256["model.keras"]
        scores = np.stack([model.run(clip) for clip in features])
        assert artefact.verification["max_abs_error"] == pytest.approx(np.abs(scores - original).max(), abs=1e-6)
        assert artefact.verification["samples"] == len(features)
        assert (artefact.verification["speed"] is None) == (artefact.scheme == "float32")
        expected = {"int8": ("int8", "uint8"), "int16x8": ("int16",)}.get(artefact.scheme, ("float32",))
        assert model.card.quantisation["input"]["dtype"] in expected
        if scheme(artefact.scheme).calibrated:
            calibration = model.card.quantisation["calibration"]
            assert calibration["method"] in TRIED
            assert calibration["clips"] == 40
        sizes[artefact.format, artefact.scheme] = (bundle.path / artefact.name).stat().st_size
    order = ["float32", "float16", "int8-weights", "int4-weights"]
    assert [sizes["tflite", name] for name in order] == sorted((sizes["tflite", name] for name in order), reverse=True)


def test_export_to_a_format_that_lacks_the_scheme_says_which_has_it(make_bundle: MakeBundle, dense_model: Any) -> None:
    with pytest.raises(ConfigError, match="int16x8 does not exist for onnx: pass --format tflite"):
        export_bundle(make_bundle(dense_model), ["int16x8"], ["onnx"])


@pytest.mark.parametrize("format", EXPORTERS)
def test_export_keeps_named_layers_float(make_bundle: MakeBundle, dense_model: Any, format: str) -> None:
    bundle = make_bundle(dense_model)
    hidden, last = (layer.name for layer in dense_model.layers[-2:])
    weights = {}
    for kept in ((), (hidden,), (hidden, last)):
        exported = export_bundle(bundle, ["int8"], [format], ExportSettings(keep_float=kept))
        layers = describe(exported.path / exported.manifest.artefacts[-1].name)
        weights[len(kept)] = [layer.weight_bytes for layer in layers if layer.macs]
    (first, second), (kept_first, same_second), (_, kept_second) = weights.values()
    assert 3 * first < kept_first
    assert same_second == second
    assert 2 * second < kept_second
    with pytest.raises(ExportError, match=f"no layer 'lstm' to keep float: expected one of .*{hidden}.*{last}"):
        export_bundle(bundle, ["int8"], [format], ExportSettings(keep_float=("lstm",)))


def test_export_keeps_as_few_layers_float_as_a_bound_asks_for(make_bundle: MakeBundle, dense_model: Any) -> None:
    weights = dense_model.get_weights()
    weights[2][:] /= 100
    weights[3][:] = (40, 0, 0)  # one logit so large that the steps of int8 are too coarse for the two others
    weights[3][0] = -40
    dense_model.set_weights(weights)
    bundle = make_bundle(dense_model)
    with pytest.raises(ExportError, match="agrees with the Keras original on"):
        export_bundle(bundle, ["int8"], ["tflite"])
    bound = export_bundle(bundle, ["int8"], ["tflite"], ExportSettings(max_drop=0)).manifest.artefacts[-1]
    assert bound.verification["agreement"] == 1
    (note,) = bound.verification["notes"]
    assert note.startswith(f"float: {dense_model.layers[-1].name}")
    assert note.endswith("; 0 % of the answers change")


def test_export_with_another_calibration_gives_other_ranges(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    scales = set()
    for method in METHODS:
        made = export_bundle(bundle, ["int8"], ["tflite"], ExportSettings(calibration=method)).manifest.artefacts[-1]
        card = load(bundle.path / made.name).card
        assert card is not None
        assert card.quantisation["calibration"]["method"] == method
        scales.add(card.quantisation["input"]["scale"])
    assert len(scales) > 1


def test_export_again_gives_the_same_bytes(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = export_bundle(make_bundle(dense_model), ["int8"])
    before = dict(bundle.manifest.sha256)
    assert export_bundle(bundle, ["int8"]).manifest.sha256 == before


def test_export_of_a_model_that_hangs_is_stopped(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    with pytest.raises(ExportError, match=r"loading and running the original was stopped after 0\.001 s"):
        export_bundle(bundle, ["int8"], ["tflite"], time_limit_s=0.001)  # every model hangs for longer than that
    assert [name for name in leftovers(bundle) if name != "export.log"] == []


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


def test_export_of_a_model_with_nan_weights_is_refused(make_bundle: MakeBundle, dense_model: Any) -> None:
    weights = dense_model.get_weights()
    weights[0][0, 0] = np.nan
    dense_model.set_weights(weights)
    with pytest.raises(ExportError, match="not finite"):
        export_bundle(make_bundle(dense_model), ["float32"], ["tflite"])


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
    assert "tflite:int8: agrees with the Keras original on" in str(done.exception)
    assert "float32.tflite" in done.output  # what was made is shown, and kept
    assert Bundle.open(bundle.path).manifest.artefacts == done.exception.made
    assert [artefact.scheme for artefact in done.exception.made] == ["float32"]


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


def test_export_of_a_bundle_without_labels_is_verified_by_agreement(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    samples = replace(bundle.samples(), targets=np.zeros(0, np.int64))
    bundle = Bundle.create(bundle.path, bundle.manifest, dense_model, samples)
    (artefact,) = export_bundle(bundle, ["float32"], ["tflite"]).manifest.artefacts
    assert artefact.verification["agreement"] == 1
    assert artefact.verification["accuracy"] is None


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
    manifest = Manifest("silent", ("a", "b", " ", "<blank>"), frontend, "logits", ctc=CtcOutput())
    samples = Samples(features, features, np.tile([0, 1], (12, 1)))
    bundle = Bundle.create(tmp_path / "bundle", manifest, model, samples)
    (artefact,) = export_bundle(bundle, ["float32"], ["tflite"]).manifest.artefacts
    assert artefact.verification["agreement"] == artefact.verification["accuracy"] == 1
    with pytest.raises(ExportError, match=r"agrees with the Keras original on \d+\.\d% of the characters of 12 clips"):
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


def test_worker_that_starts_again_takes_nothing_of_the_one_that_died(
    make_bundle: MakeBundle, dense_model: Any, tmp_path: Path
) -> None:
    """Folders of float files must not be found again by their number: another worker makes them in another order."""
    bundle = make_bundle(dense_model)
    work = tmp_path / "work"
    work.mkdir()
    (work / "model.keras").write_bytes(bundle.model_path.read_bytes())

    def maker() -> Maker:
        settings = ExportSettings("minmax", improve=("fold",))
        samples = bundle.samples().calibration
        return Maker(work, Source("keras", work / "model.keras"), settings, bundle.card(""), bundle.manifest, samples)

    maker().make("tflite", "float32")
    (first,) = {path.parent for path in work.glob("floats-*/float32.tflite")}
    before = first.joinpath("float32.tflite").read_bytes()
    maker().make("tflite", "dynamic")
    folders = {path.parent for path in work.glob("floats-*/float32.tflite")}
    assert len(folders) == 2
    assert first.joinpath("float32.tflite").read_bytes() == before


def test_export_interrupted_leaves_the_bundle_as_it_was(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    before = {path.name: path.read_bytes() for path in bundle.path.iterdir()}
    arguments = [sys.executable, "-m", "edgeasr", "export", str(bundle.path), "--int8"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "tflite:int8" in line:
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the converter too
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    assert rest.strip() == "edgeasr: interrupted"
    assert {path.name: path.read_bytes() for path in bundle.path.iterdir()} == before


def test_export_command_prints_the_json_of_the_contract(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    arguments = [
        sys.executable,
        "-m",
        "edgeasr",
        "export",
        str(bundle.path),
        "--int8",
        "--format",
        "tflite",
        "--json",
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    (artefact,) = json.loads(done.stdout)["artefacts"]
    assert {"format", "scheme", "path", "bytes", "verification"} <= set(artefact)
    assert {"agreement", "max_abs_error", "samples"} <= set(artefact["verification"])
    path = Path(artefact["path"])
    assert path.stat().st_size == artefact["bytes"]
    assert (artefact["format"], artefact["scheme"], path.suffix) == ("tflite", "int8", ".tflite")


def test_verify_refuses_a_significant_loss_of_accuracy(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = export_bundle(make_bundle(dense_model), ["float32"], ["tflite"])
    (artefact,) = bundle.manifest.artefacts
    features = np.random.default_rng(1).standard_normal((200, 13, 10)).astype(np.float32)
    original = softmax(np.asarray(dense_model.predict(features, verbose=0)))
    targets = original.argmax(axis=1)

    def verify_with(wrong: int) -> Verification:
        reference, right = original.copy(), targets.copy()
        reference[:wrong] = np.roll(original[:wrong], 1, axis=1)  # an original that is right where the artefact is not
        right[:wrong] = reference[:wrong].argmax(axis=1)
        return verify(bundle.path / artefact.name, scheme("int8"), features, reference, right)

    assert verify_with(0).accuracy == 1
    assert verify_with(3).accuracy == pytest.approx(0.985)
    with pytest.raises(ExportError, match=r"is right on 95\.0% of 200 clips, the Keras original on 100\.0%"):
        verify_with(10)
