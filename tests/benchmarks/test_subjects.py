"""What the arguments of a bench mean."""

import os
import shutil

import pytest

import edgeasr_export
from edgeasr.bundle import Artefact
from edgeasr.errors import ArtefactError, BundleError, ExportError
from edgeasr_bench import subjects
from edgeasr_bench.subjects import find_subjects, with_yardsticks


def names(found):
    return [subject.name for subject in found]


def test_bundle_means_its_keras_model_and_its_artefacts_float_first(make_bundle):
    bundle = make_bundle(schemes=["int8", "float32"])
    found = find_subjects([bundle.path], print)
    assert names(found) == ["model.keras", "tiny.float32.onnx", "tiny.int8.onnx"]
    assert [subject.runtime for subject in found] == ["keras", "onnxruntime", "onnxruntime"]
    assert found[0].source == bundle.path


def test_bundle_goes_without_its_keras_model_where_keras_is_not_installed(make_bundle, without_keras):
    said = []
    found = find_subjects([make_bundle().path], said.append)
    assert names(found) == ["tiny.float32.onnx", "tiny.int8.onnx"]
    assert said == ["digits: the Keras original is left out, Keras is not installed here"]


def test_bundle_without_anything_to_run_is_an_error(make_bundle, without_keras):
    with pytest.raises(BundleError, match="edgeasr export"):
        find_subjects([make_bundle(schemes=[]).path], print)


def test_argument_given_twice_counts_once(make_bundle, without_keras, monkeypatch):
    bundle = make_bundle()
    path = bundle.path / "tiny.int8.onnx"
    monkeypatch.chdir(bundle.path)
    relative = path.relative_to(bundle.path)
    assert names(find_subjects([path, relative, path], print)) == ["tiny.int8.onnx"]
    assert names(find_subjects([path, bundle.path], print)) == ["tiny.int8.onnx", "tiny.float32.onnx"]


def test_files_of_the_same_name_are_told_apart(make_bundle, without_keras):
    first, second = make_bundle("first"), make_bundle("second")
    found = find_subjects([first.path, second.artefact_paths[0]], print)
    assert names(found) == ["first/tiny.float32.onnx", "first/tiny.int8.onnx", "second/tiny.float32.onnx"]


@pytest.mark.parametrize("name", ["nothing.onnx", "readme.txt"])
def test_argument_that_is_no_model_is_an_error(tmp_path, name):
    (tmp_path / "readme.txt").write_text("words")
    with pytest.raises(ArtefactError, match="expected a bundle folder"):
        find_subjects([tmp_path / name], print)


def test_folder_that_is_no_bundle_is_an_error(tmp_path):
    with pytest.raises(BundleError, match="not a bundle"):
        find_subjects([tmp_path], print)


def test_yardstick_is_exported_where_the_float_is_missing(make_bundle, tmp_path, monkeypatch):
    bundle = make_bundle(schemes=["int8"])
    asked = []

    def export(given, schemes, formats):
        asked.append((schemes, formats))
        scratch = tmp_path / "copy"
        shutil.copy(given.artefact_paths[0], scratch)
        return given.add(Artefact("tiny.float32.onnx", "onnx", "float32", {}), scratch)

    monkeypatch.setattr(edgeasr_export, "export_bundle", export)
    said = []
    found = find_subjects([bundle.path], said.append)
    assert asked == [(["float32"], ["onnx"])]
    assert names(found) == ["model.keras", "tiny.float32.onnx", "tiny.int8.onnx"]
    assert said == ["digits: exporting float32 onnx first, the yardstick of the ratios"]


def test_yardstick_is_not_exported_where_it_is_there(make_bundle, monkeypatch):
    monkeypatch.delattr(edgeasr_export, "export_bundle")
    bundle = make_bundle()
    assert with_yardsticks(bundle, print) is bundle


def test_yardstick_that_cannot_be_exported_is_done_without(make_bundle, monkeypatch):
    def export(*_, **__):
        raise ExportError("no room")

    monkeypatch.setattr(edgeasr_export, "export_bundle", export)
    bundle, said = make_bundle(schemes=["int8"]), []
    assert with_yardsticks(bundle, said.append) == bundle
    assert said[-1] == "digits: float32 onnx could not be exported, no ratio: no room"


def test_yardstick_is_left_out_on_a_device(make_bundle, without_keras):
    bundle, said = make_bundle(schemes=["int8"]), []
    assert with_yardsticks(bundle, said.append) is bundle
    assert "edgeasr export --float32" in said[0]


def test_is_installed_asks_without_importing():
    assert subjects._is_installed("numpy")
    assert not subjects._is_installed(f"no_such_module_{os.getpid()}")
