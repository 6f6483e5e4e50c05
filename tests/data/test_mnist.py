"""MNIST: images as ready features, from a file or by Keras."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgeasr.data import mnist
from edgeasr.data.dataset import load_dataset
from edgeasr.errors import DataError


def arrays(train: int = 20, test: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (train + test, 28, 28)).astype(np.uint8)
    digits = (np.arange(train + test) % 10).astype(np.uint8)
    return {"x_train": images[:train], "y_train": digits[:train], "x_test": images[train:], "y_test": digits[train:]}


def write(path: Path, content: dict[str, np.ndarray]) -> Path:
    np.savez(path, **content)  # type: ignore[arg-type]
    return path


def complaint(spec: str) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_load_gives_images_as_features_and_the_last_tenth_of_training_as_dev(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = arrays()
    path = write(tmp_path / "mnist.npz", content)
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    for spec in (f"mnist:{path}", "mnist"):
        dataset = load_dataset(spec)
        assert dataset.labels == tuple("0123456789")
        assert [example.split for example in dataset.examples] == ["train"] * 18 + ["dev"] * 2 + ["test"] * 5
        assert [example.label for example in dataset.examples] == [str(number % 10) for number in range(25)]
        last = dataset.examples[-1]
        assert (last.id, last.speaker) == ("test/00004", "")
        image = last.read()
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, content["x_test"][4] / 255, rtol=1e-6)
    assert "Yann LeCun" in dataset.licence


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        (
            "x_train",
            np.zeros((20, 28, 28), np.float32),
            "expected uint8 [n, 28, 28] in x_train, got float32 [20, 28, 28]",
        ),
        ("x_train", np.zeros((20, 32, 32), np.uint8), "expected uint8 [n, 28, 28] in x_train, got uint8 [20, 32, 32]"),
        ("y_train", np.zeros(19, np.uint8), "expected 20 digits 0 to 9 in y_train, got other numbers (uint8 [19])"),
        ("y_train", np.array(3, np.uint8), "expected 20 digits 0 to 9 in y_train, got other numbers (uint8 [])"),
        ("y_train", np.zeros(20, np.float32), "expected 20 digits 0 to 9 in y_train, got other numbers (float32 [20])"),
        ("y_test", np.full(5, 10, np.uint8), "expected 5 digits 0 to 9 in y_test, got other numbers (uint8 [5])"),
    ],
)
def test_other_arrays_are_one_clear_line(tmp_path: Path, part: str, content: np.ndarray, message: str) -> None:
    path = write(tmp_path / "mnist.npz", {**arrays(), part: content})
    assert f"{path}: {message}" in complaint(f"mnist:{path}")


@pytest.mark.parametrize(
    "damage", ["missing", "folder", "text", "cut off", "flipped", "one array", "other arrays", "objects"]
)
def test_another_file_is_one_clear_line(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "mnist.npz", arrays())
    if damage in ("missing", "folder"):
        path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "text":
        path.write_text("no archive")
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "flipped":
        np.savez_compressed(path, **arrays())  # type: ignore[arg-type]
        content = path.read_bytes()
        path.write_bytes(content[:1000] + bytes(200) + content[1200:])
    elif damage == "one array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif damage == "other arrays":
        write(path, {"images": np.zeros(3)})
    elif damage == "objects":
        write(path, {**arrays(), "x_test": np.array([None])})
    assert f"{path}: expected mnist.npz" in complaint(f"mnist:{path}")


def offline() -> None:
    print("Downloading data from https://example.org")
    raise Exception("URL fetch failure on https://example.org: None --\n name not known")  # as Keras raises it


def downloaded() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    x_train, y_train, x_test, y_test = arrays().values()
    return (x_train, y_train), (x_test, y_test)


def test_keras_downloads_it_or_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keras = SimpleNamespace(datasets=SimpleNamespace(mnist=SimpleNamespace(load_data=offline)))
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    monkeypatch.setattr(mnist, "import_keras", lambda purpose: keras)
    assert complaint("mnist") == (
        "mnist cannot be downloaded (URL fetch failure on https://example.org: None -- name not known): try again, "
        "or give mnist.npz as mnist:PATH, or its folder as EDGEASR_DATA"
    )
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Downloading" in shown.err
    keras.datasets.mnist.load_data = downloaded
    assert len(load_dataset("mnist").examples) == 25


def test_a_file_needs_no_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert len(load_dataset(f"mnist:{write(tmp_path / 'mnist.npz', arrays())}").examples) == 25
