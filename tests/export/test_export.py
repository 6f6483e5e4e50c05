"""Export, with the real converters: what comes out, and what a user sees when one fails."""

import json
import os
import re
import shutil
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
from edgeasr.cli.export import command
from edgeasr.errors import ConfigError, ExportError
from edgeasr.runtime import load
from edgeasr.scores import softmax
from edgeasr_export import EXPORTERS, SCHEMES, ExportSettings, export_bundle
from edgeasr_export.calibration import AUTO, METHODS, TRIED
from edgeasr_export.importing import Source
from edgeasr_export.improve import PASSES
from edgeasr_export.inspection import describe
from edgeasr_export.maker import Maker
from edgeasr_export.schemes import scheme
from edgeasr_export.variants import VARIANTS

MakeBundle = Callable[[Any], Bundle]


def leftovers(bundle: Bundle) -> list[str]:
    known = {"manifest.json", *bundle.manifest.sha256}
    return sorted(path.name for path in bundle.path.iterdir() if path.name not in known)


@pytest.mark.parametrize("settings", [ExportSettings(improve=("bias",)), ExportSettings(finetune_epochs=1)])
def test_float_files_have_nothing_to_win_back(
    settings: ExportSettings, make_bundle: MakeBundle, dense_model: Any
) -> None:
    with pytest.raises(ConfigError, match="weights of float32, float16 stay float: improve"):
        export_bundle(make_bundle(dense_model), ["float32", "float16"], settings=settings)


@pytest.mark.usefixtures("convert_here")
def test_layer_that_is_always_zero_exports(make_bundle: MakeBundle, dense_model: Any) -> None:
    dead, last = dense_model.layers[-2:]
    dead.bias.assign(-1000 * np.ones(16))  # ReLU makes 0 of everything
    last.bias.assign([0.0, 3.0, 1.0])
    bundle = export_bundle(make_bundle(dense_model), ["int8"])
    clip = bundle.samples().verification[0]
    for artefact in bundle.manifest.artefacts:
        assert load(bundle.path / artefact.name).run(clip).argmax() == 1


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


@pytest.mark.usefixtures("convert_here")
@pytest.mark.parametrize("format", ["tflite", pytest.param("onnx", marks=pytest.mark.slow)])
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


@pytest.mark.usefixtures("convert_here")
def test_export_keeps_as_few_layers_float_as_a_bound_asks_for(make_bundle: MakeBundle, dense_model: Any) -> None:
    weights = dense_model.get_weights()
    weights[2][:] /= 100
    weights[3][:] = (40, 0, 0)  # one logit so large that the steps of int8 are too coarse for the two others
    weights[3][0] = -40
    dense_model.set_weights(weights)
    bundle = make_bundle(dense_model)
    with pytest.raises(ExportError, match="agrees with the original on"):
        export_bundle(bundle, ["int8"], ["tflite"])
    bound = export_bundle(bundle, ["int8"], ["tflite"], ExportSettings(max_drop=0)).manifest.artefacts[-1]
    assert bound.verification["agreement"] == 1
    (note,) = bound.verification["notes"]
    assert note.startswith(f"float: {dense_model.layers[-1].name}")
    assert note.endswith("; 0 % of the answers change")


@pytest.mark.slow
def test_export_takes_a_few_times_the_memory_of_the_weights(make_bundle: MakeBundle) -> None:
    """TensorFlow's own way of freezing a graph alone takes twelve times, on top of what an allocator keeps."""
    import keras

    command = "import os, subprocess, sys; p = subprocess.Popen(sys.argv[1:]); print(os.wait4(p.pid, 0)[2].ru_maxrss)"
    peaks, weights = [], []
    for units in (10, 200_000):
        layers = [keras.Input((13, 10)), keras.layers.Flatten(), keras.layers.Dense(units), keras.layers.Dense(3)]
        model = keras.Sequential(layers)
        weights.append(4 * model.count_params())
        bundle = make_bundle(model, name=f"dense-{units}")
        export = [sys.executable, "-m", "edgeasr", "export", str(bundle.path), "--int8"]
        done = subprocess.run([sys.executable, "-c", command, *export], capture_output=True, text=True, check=True)
        peaks.append(1024 * int(done.stdout.splitlines()[-1]))
        shutil.rmtree(bundle.path)
    assert (peaks[1] - peaks[0]) / (weights[1] - weights[0]) < 9


@pytest.mark.slow
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


@pytest.mark.slow
def test_export_again_gives_the_same_bytes(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = export_bundle(make_bundle(dense_model), ["int8"])
    before = dict(bundle.manifest.sha256)
    assert export_bundle(bundle, ["int8"]).manifest.sha256 == before


@pytest.mark.usefixtures("convert_here")
def test_export_of_a_bundle_without_labels_is_verified_by_agreement(make_bundle: MakeBundle, dense_model: Any) -> None:
    bundle = make_bundle(dense_model)
    samples = replace(bundle.samples(), targets=np.zeros(0, np.int64))
    bundle = Bundle.create(bundle.path, bundle.manifest, dense_model, samples)
    (artefact,) = export_bundle(bundle, ["float32"], ["tflite"]).manifest.artefacts
    assert artefact.verification["agreement"] == 1
    assert artefact.verification["accuracy"] is None


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


def test_export_command_offers_what_there_is() -> None:
    """The command must not import the registries for its help, so it lists what is in them."""
    options: dict[str, Any] = {str(option.name): option for option in command.params}
    flags = {flag for option in command.params for flag in option.opts}
    assert {f"--{name}" for name in SCHEMES} <= flags
    assert set(options["format_"].type.choices) == {*EXPORTERS, *VARIANTS, "all"}
    assert set(options["calibration"].type.choices) == {AUTO, *METHODS}
    assert set(re.findall("[a-z]+", options["improve"].help)) >= set(PASSES)


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
