"""What the arguments of a bench mean."""

import os
import shutil

import pytest

import edgeasr_export
from edgeasr.bundle import Artefact
from edgeasr.errors import ArtefactError, BundleError, ConfigError, ExportError
from edgeasr_bench import candidates
from edgeasr_bench.candidates import find_candidates, with_baselines


@pytest.fixture
def scratch(tmp_path):
    """Give the folder for what is exported on the way."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def names(found):
    return [candidate.name for candidate in found]


def test_bundle_means_its_keras_model_and_its_artefacts_float_first(make_bundle, scratch):
    bundle = make_bundle(schemes=["int8", "float32"])
    found = find_candidates([bundle.path], scratch, print)
    assert names(found) == ["model.keras", "tiny.float32.onnx", "tiny.int8.onnx"]
    assert [candidate.runtime for candidate in found] == ["keras", "onnxruntime", "onnxruntime"]
    assert found[0].source == bundle.path


def test_bundle_goes_without_its_keras_model_where_keras_is_not_installed(make_bundle, without_keras, scratch):
    said = []
    found = find_candidates([make_bundle().path], scratch, said.append)
    assert names(found) == ["tiny.float32.onnx", "tiny.int8.onnx"]
    assert said == ["digits: the Keras original is left out, Keras is not installed here"]


def test_bundle_without_anything_to_run_is_an_error(make_bundle, without_keras, scratch):
    with pytest.raises(BundleError, match="edgeasr export"):
        find_candidates([make_bundle(schemes=[]).path], scratch, print)


def test_runtime_that_is_asked_for_runs_what_it_can(make_bundle, make_onnx, scratch, tmp_path):
    path, bundle = tmp_path / "model.tflite", make_bundle()
    path.write_bytes(b"")
    found = find_candidates([path, bundle.path], scratch, print, "reference")
    assert [(one.name, one.runtime) for one in found] == [("model.tflite", "reference")]
    found = find_candidates([path, bundle.path], scratch, print, "onnxruntime")
    assert names(found) == ["tiny.float32.onnx", "tiny.int8.onnx"]
    assert names(find_candidates([path, bundle.path], scratch, print, "keras")) == ["model.keras"]
    with pytest.raises(ConfigError, match=r"keras runs none of model\.tflite: leave the runtime out"):
        find_candidates([path], scratch, print, "keras")


def test_argument_given_twice_counts_once(make_bundle, without_keras, monkeypatch, scratch):
    bundle = make_bundle()
    path = bundle.path / "tiny.int8.onnx"
    monkeypatch.chdir(bundle.path)
    relative = path.relative_to(bundle.path)
    assert names(find_candidates([path, relative, path], scratch, print)) == ["tiny.int8.onnx"]
    assert names(find_candidates([path, bundle.path], scratch, print)) == ["tiny.int8.onnx", "tiny.float32.onnx"]


def test_files_of_the_same_name_are_told_apart(make_bundle, without_keras, scratch):
    first, second = make_bundle("first"), make_bundle("second")
    found = find_candidates([first.path, second.path / "tiny.float32.onnx"], scratch, print)
    assert names(found) == ["first/tiny.float32.onnx", "first/tiny.int8.onnx", "second/tiny.float32.onnx"]


@pytest.mark.parametrize("name", ["nothing.onnx", "readme.txt"])
def test_argument_that_is_no_model_is_an_error(tmp_path, name, scratch):
    (tmp_path / "readme.txt").write_text("words")
    with pytest.raises(ArtefactError, match="expected a bundle folder"):
        find_candidates([tmp_path / name], scratch, print)


def test_folder_that_is_no_bundle_is_an_error(tmp_path, scratch):
    with pytest.raises(BundleError, match="not a bundle"):
        find_candidates([tmp_path], scratch, print)


@pytest.fixture
def fake_export(monkeypatch, tmp_path):
    """Let a copy of the first artefact stand for an export; give what was asked for."""
    asked = []

    def export(given, schemes, formats):
        asked.append((given.path, schemes, formats))
        file = tmp_path / "export"
        shutil.copyfile(given.path / given.manifest.artefacts[0].name, file)
        return given.add(Artefact("tiny.float32.onnx", "onnx", "float32", {}), file)

    monkeypatch.setattr(edgeasr_export, "export_bundle", export)
    return asked


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_baseline_that_is_missing_is_exported_for_the_run_and_the_bundle_stays_as_it_is(
    make_bundle, scratch, fake_export
):
    bundle, said = make_bundle(schemes=["int8"]), []
    before = content(bundle.path)
    found = find_candidates([bundle.path], scratch, said.append)
    ((path, *asked),) = fake_export
    assert asked == [["float32"], ["onnx"]]
    assert scratch in path.parents
    assert names(found) == ["model.keras", "tiny.float32.onnx", "tiny.int8.onnx"]
    assert [scratch in candidate.file.parents for candidate in found] == [False, True, False]
    assert {candidate.bundle.path for candidate in found} == {bundle.path}
    assert content(bundle.path) == before
    assert said == ["digits: exporting float32 onnx for this run, the baseline of the ratios"]


def test_baselines_of_two_bundles_of_one_name_are_told_apart(make_bundle, tmp_path, scratch, fake_export):
    (tmp_path / "a").mkdir()
    paths = [make_bundle("a/digits", schemes=["int8"]).path, make_bundle(schemes=["int8"]).path]
    found = find_candidates(paths, scratch, print)
    assert len({candidate.file for candidate in found}) == len(set(names(found))) == 6


def test_bundle_given_twice_is_exported_once(make_bundle, scratch, fake_export):
    path = make_bundle(schemes=["int8"]).path
    assert len(find_candidates([path, path], scratch, print)) == 3
    assert len(fake_export) == 1


def test_baseline_is_not_exported_where_it_is_there(make_bundle, scratch, monkeypatch):
    monkeypatch.delattr(edgeasr_export, "export_bundle")
    bundle = make_bundle()
    assert with_baselines(bundle, scratch, print) is bundle


def test_baseline_that_cannot_be_exported_is_done_without(make_bundle, scratch, monkeypatch):
    def export(*_, **__):
        raise ExportError("no room")

    monkeypatch.setattr(edgeasr_export, "export_bundle", export)
    bundle, said = make_bundle(schemes=["int8"]), []
    assert with_baselines(bundle, scratch, said.append).manifest == bundle.manifest
    assert said[-1].startswith("digits: float32 onnx could not be exported, no ratio")


def test_baseline_is_left_out_on_a_device(make_bundle, scratch, without_keras):
    bundle, said = make_bundle(schemes=["int8"]), []
    assert with_baselines(bundle, scratch, said.append) is bundle
    assert "edgeasr export --float32" in said[0]


def test_is_installed_asks_without_importing():
    assert candidates._is_installed("numpy")
    assert not candidates._is_installed(f"no_such_module_{os.getpid()}")
