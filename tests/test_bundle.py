"""A bundle is what its manifest says, or an error; and it is changed as a whole or not at all."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Artefact, Bundle, Manifest, Samples
from edgeasr.errors import BundleError
from edgeasr.features import FrontendConfig

MANIFEST = Manifest(
    model="ds-cnn",
    labels=("yes", "no"),
    frontend=FrontendConfig(),
    output="logits",
    training={"data": ["folder:clips"], "augment": {"shift_ms": 100}},
    metrics={"test_accuracy": 0.5},
    licence="Somebody, CC BY 4.0",
)
SAMPLES = Samples(np.ones((3, 49, 40), np.float32), np.zeros((2, 49, 40), np.float32), np.array([0, 1]))


class Model:
    """Stands for a Keras model, of which only the file matters."""

    def __init__(self, content: bytes = b"weights") -> None:
        self.content = content

    def save(self, path: Path) -> None:
        path.write_bytes(self.content)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Give a bundle with the artefact `a.tflite`."""
    made = Bundle.create(tmp_path / "bundle", MANIFEST, Model(), SAMPLES)
    return made.add(Artefact("a.tflite", "tflite", "int8", {"agreement": 1.0}), candidate(tmp_path, b"first"))


def candidate(folder: Path, content: bytes) -> Path:
    path = folder / "candidate"
    path.write_bytes(content)
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edit(bundle: Bundle, change: Callable[[dict[str, Any]], Any]) -> None:
    path = bundle.path / "manifest.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def interrupt_replace(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the call-th `os.replace` from now the moment of a Ctrl-C."""
    replace, calls = os.replace, iter(range(1, 99))

    def interrupted(source: Path, target: Path) -> None:
        if next(calls) == call:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)


def test_create_and_open_give_the_same_bundle(tmp_path: Path) -> None:
    made = Bundle.create(tmp_path / "new" / "bundle", MANIFEST, Model(), SAMPLES)
    opened = Bundle.open(tmp_path / "new" / "bundle")
    assert opened == made
    assert opened.model_path.read_bytes() == b"weights"
    assert set(opened.manifest.sha256) == {"model.keras", "samples.npz"}
    assert opened.manifest.labels == ("yes", "no")
    assert opened.manifest.frontend == MANIFEST.frontend
    assert opened.manifest.training == MANIFEST.training
    assert opened.manifest.created.endswith("Z")
    assert sorted(files(opened.path)) == ["manifest.json", "model.keras", "samples.npz"]


def test_create_takes_no_artefact_over_from_another_bundle(bundle: Bundle, tmp_path: Path) -> None:
    Bundle.create(tmp_path / "other", bundle.manifest, Model(), SAMPLES)
    assert Bundle.open(tmp_path / "other").manifest.artefacts == ()


def test_samples_come_back_as_they_were(bundle: Bundle) -> None:
    samples = bundle.samples()
    np.testing.assert_array_equal(samples.calibration, SAMPLES.calibration)
    np.testing.assert_array_equal(samples.verification, SAMPLES.verification)
    np.testing.assert_array_equal(samples.targets, SAMPLES.targets)
    assert samples.calibration.dtype == np.float32


def test_card_says_what_the_bundle_says(bundle: Bundle) -> None:
    card = bundle.card("int8", {"input": {"dtype": "int8"}})
    assert (card.model, card.scheme, card.labels, card.output) == ("ds-cnn", "int8", ("yes", "no"), "logits")
    assert card.frontend == MANIFEST.frontend
    assert card.licence == MANIFEST.licence
    assert card.model_sha256 == bundle.manifest.sha256["model.keras"]
    assert card.quantisation == {"input": {"dtype": "int8"}}


@pytest.mark.parametrize("name", ["model.keras", "samples.npz", "a.tflite"])
def test_open_finds_a_file_that_is_missing(bundle: Bundle, name: str) -> None:
    (bundle.path / name).unlink()
    with pytest.raises(BundleError, match=f"bundle: {name} is missing: restore it"):
        Bundle.open(bundle.path)


@pytest.mark.parametrize("name", ["model.keras", "samples.npz", "a.tflite"])
@pytest.mark.parametrize("content", [b"", b"other"])
def test_open_finds_a_file_that_was_altered(bundle: Bundle, name: str, content: bytes) -> None:
    (bundle.path / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"bundle: {name} was altered .*: restore it"):
        Bundle.open(bundle.path)


def test_open_does_not_mind_files_that_others_put_there(bundle: Bundle) -> None:
    (bundle.path / "README.md").write_text("mine")
    (bundle.path / "notes").mkdir()
    assert Bundle.open(bundle.path) == bundle


@pytest.mark.parametrize("name", ["model.keras", "samples.npz", "a.tflite"])
def test_open_wants_a_hash_of_every_file(bundle: Bundle, name: str) -> None:
    edit(bundle, lambda values: values["sha256"].pop(name))
    with pytest.raises(BundleError, match=rf"manifest\.json: has no sha256 of {name}"):
        Bundle.open(bundle.path)


@pytest.mark.parametrize("name", [".", "missing", "file"])
def test_open_of_what_is_no_bundle_says_how_to_make_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match=r"not a bundle, it has no manifest\.json: make one with `edgeasr train`"):
        Bundle.open(tmp_path / name)


def test_create_replaces_a_bundle_and_fills_an_empty_folder(bundle: Bundle, tmp_path: Path) -> None:
    Bundle.create(bundle.path, MANIFEST, Model(b"better"), SAMPLES)
    assert Bundle.open(bundle.path).model_path.read_bytes() == b"better"
    assert "a.tflite" not in files(bundle.path)
    (tmp_path / "empty").mkdir()
    Bundle.create(tmp_path / "empty", MANIFEST, Model(), SAMPLES)
    assert Bundle.open(tmp_path / "empty").manifest.model == "ds-cnn"


@pytest.mark.parametrize("name", ["notes.txt", "manifest.json"])
def test_create_refuses_to_overwrite_what_is_no_bundle(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / name).write_text('{"name": "a browser extension", "version": "1"}')
    before = files(folder)
    for path in (folder, folder / name):
        with pytest.raises(BundleError, match="exists and is not a bundle: choose another folder"):
            Bundle.create(path, MANIFEST, Model(), SAMPLES)
    assert files(folder) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("no"), RuntimeError("no")])
def test_create_interrupted_leaves_what_was_there(bundle: Bundle, tmp_path: Path, error: BaseException) -> None:
    class Failing(Model):
        def save(self, path: Path) -> None:
            path.write_bytes(b"half")
            raise error

    before = files(bundle.path)
    for path in (bundle.path, tmp_path / "new"):
        with pytest.raises(type(error)):
            Bundle.create(path, MANIFEST, Failing(), SAMPLES)
    assert files(bundle.path) == before
    assert os.listdir(tmp_path) == ["bundle"]


@pytest.mark.parametrize("call", [1, 2, 3])
def test_create_interrupted_at_a_move_leaves_what_was_there(
    bundle: Bundle, tmp_path: Path, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(bundle.path)
    interrupt_replace(call, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        Bundle.create(bundle.path, MANIFEST, Model(b"better"), SAMPLES)
    assert files(bundle.path) == before
    assert os.listdir(tmp_path) == ["bundle"]


def test_add_puts_a_file_into_the_bundle(bundle: Bundle, tmp_path: Path) -> None:
    added = bundle.add(Artefact("b.onnx", "onnx", "float32", {}), candidate(tmp_path, b"graph"))
    assert Bundle.open(bundle.path) == added
    assert [artefact.name for artefact in added.manifest.artefacts] == ["a.tflite", "b.onnx"]
    assert (bundle.path / "b.onnx").read_bytes() == b"graph"
    assert not (tmp_path / "candidate").exists()


def test_add_replaces_an_artefact_of_the_same_name(bundle: Bundle, tmp_path: Path) -> None:
    added = bundle.add(Artefact("a.tflite", "tflite", "int8", {"agreement": 0.5}), candidate(tmp_path, b"second"))
    assert Bundle.open(bundle.path) == added
    assert [artefact.verification for artefact in added.manifest.artefacts] == [{"agreement": 0.5}]
    assert (bundle.path / "a.tflite").read_bytes() == b"second"


def test_add_brings_what_belongs_beside_an_artefact(bundle: Bundle, tmp_path: Path) -> None:
    for text in ("first", "second"):
        beside = tmp_path / "a.json"
        beside.write_text(text)
        bundle = bundle.add(Artefact("a.tflite", "tflite", "int8", {}), candidate(tmp_path, b"new"), beside)
        assert Bundle.open(bundle.path) == bundle
        assert (bundle.path / "a.json").read_text() == text
    assert [artefact.name for artefact in bundle.manifest.artefacts] == ["a.tflite"]
    (bundle.path / "a.json").write_text("altered")
    with pytest.raises(BundleError, match="a.json was altered"):
        Bundle.open(bundle.path)


# A new artefact: move the file, move the manifest. One that is replaced: move a manifest without it first.
@pytest.mark.parametrize(
    ("name", "call", "left"),
    [
        ("b.onnx", 1, ["a.tflite"]),
        ("b.onnx", 2, ["a.tflite"]),
        ("a.tflite", 1, ["a.tflite"]),
        ("a.tflite", 2, []),
        ("a.tflite", 3, []),
    ],
)
def test_add_interrupted_at_any_step_leaves_a_bundle_that_opens(
    bundle: Bundle, tmp_path: Path, name: str, call: int, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    artefact = Artefact(name, "tflite", "int8", {})
    with monkeypatch.context() as patch:
        interrupt_replace(call, patch)
        with pytest.raises(KeyboardInterrupt):
            bundle.add(artefact, candidate(tmp_path, b"second"))
    opened = Bundle.open(bundle.path)
    assert [artefact.name for artefact in opened.manifest.artefacts] == left
    assert not [path for path in files(bundle.path) if path.startswith(".")]
    again = opened.add(artefact, candidate(tmp_path, b"third"))
    assert Bundle.open(bundle.path) == again
    assert (bundle.path / name).read_bytes() == b"third"


@pytest.mark.parametrize("name", ["a.tflite", "b.onnx"])
def test_add_that_cannot_write_the_manifest_leaves_a_bundle_that_opens(
    bundle: Bundle, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = candidate(tmp_path, b"second")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        bundle.add(Artefact(name, "tflite", "int8", {}), file)
    assert Bundle.open(bundle.path) == bundle
    assert (bundle.path / "a.tflite").read_bytes() == b"first"


def test_create_on_a_full_disk_leaves_what_was_there(small_disk: Path) -> None:
    Bundle.create(small_disk / "bundle", MANIFEST, Model(), SAMPLES)
    before = files(small_disk / "bundle")
    noise = np.random.default_rng(0).standard_normal((20, 49, 40)).astype(np.float32)
    for model, samples in (
        (Model(bytes(200_000)), SAMPLES),
        (Model(), Samples(noise, noise, np.zeros(20, np.int64))),
    ):
        with pytest.raises(OSError, match="No space left"):
            Bundle.create(small_disk / "bundle", MANIFEST, model, samples)
        assert files(small_disk / "bundle") == before
        assert os.listdir(small_disk) == ["bundle"]
    assert Bundle.open(small_disk / "bundle").manifest.model == "ds-cnn"


def test_add_on_a_full_disk_leaves_a_bundle_that_opens(small_disk: Path) -> None:
    made = Bundle.create(small_disk / "bundle", MANIFEST, Model(), SAMPLES)
    file = candidate(small_disk, b"graph")
    room = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(bytes(room))
    with pytest.raises(OSError, match="No space left"):
        made.add(Artefact("b.onnx", "onnx", "float32", {}), file)
    assert Bundle.open(made.path) == made


def test_check_free_protects_a_bundle_and_what_others_put_into_it(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="holds a bundle already.*--overwrite"):
        Bundle.check_free(bundle.path)
    Bundle.check_free(bundle.path, overwrite=True)
    (bundle.path / "bench.md").write_text("mine")
    with pytest.raises(BundleError, match="holds bench.md, which is not the bundle's"):
        Bundle.check_free(bundle.path, overwrite=True)
