"""The MLPerf Tiny test set: features as the reference model takes them."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data.dataset import load_dataset
from edgeasr.errors import DataError


def write(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"set/{name}", data)
    return path


def test_load_dequantises(tmp_path: Path) -> None:
    data = np.arange(490).astype(np.uint8)
    path = write(tmp_path / "kws.zip", {"a.bin": data.tobytes(), "y_labels.csv": b"a.bin,12,11\n"})
    (example,) = load_dataset(f"mlperf-kws:{path}").examples
    features = example.read()
    assert (example.label, example.split, example.speaker) == ("unknown", "test", "")
    assert features.dtype == np.float32
    assert features.shape == (49, 10)
    expected = (data.view(np.int8).reshape(49, 10) - 83.0) * 0.58470
    np.testing.assert_allclose(features, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.bin": bytes(490)}, "y_labels.csv"),
        ({"y_labels.csv": b"a.bin,12,0\n"}, "a.bin"),
        ({"a.bin": bytes(490), "y_labels.csv": b"a.bin,12,40\n"}, "expected a zip of tst"),
        ({"a.bin": bytes(490), "y_labels.csv": b"a.bin\n"}, "expected a zip of tst"),
        ({"a.bin": bytes(7), "y_labels.csv": b"a.bin,12,0\n"}, "expected 490 bytes in a.bin, got 7"),
    ],
)
def test_load_of_another_zip_is_one_clear_line(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(f"mlperf-kws:{write(tmp_path / 'kws.zip', files)}")


def test_load_of_no_zip_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("text")
    for spec, message in (
        ("mlperf-kws", "give its zip"),
        (f"mlperf-kws:{tmp_path / 'none.zip'}", "No such file"),
        (f"mlperf-kws:{tmp_path / 'x.zip'}", "expected a zip of tst"),
    ):
        with pytest.raises(DataError, match=message):
            load_dataset(spec)


def test_the_real_archive_has_the_published_counts(real: Callable[[str], Path]) -> None:
    dataset = load_dataset(f"mlperf-kws:{real('mlperf_tiny_kws01.zip')}")
    counts = [sum(example.label == label for example in dataset.examples) for label in dataset.labels]
    assert counts == [92, 92, 81, 89, 70, 84, 75, 78, 84, 89, 80, 86]
    assert dataset.examples[0].id == "tst_000000_Stop_7.bin"
    assert dataset.examples[0].label == "stop"


def test_the_split_is_that_of_the_clips(tmp_path: Path) -> None:
    files = {f"{name}.bin": bytes(490) for name in "abc"}
    files["y_labels.csv"] = b"a.bin,12,0\nb.bin,12,1\nc.bin,12,2\n"
    head = b"bin,split_in_speech_commands_zip\n"
    path = write(tmp_path / "kws.zip", {**files, "sources.csv": head + b"b.bin,train\na.bin,holdout\nc.bin,dev\n"})
    examples = load_dataset(f"mlperf-kws-split:{path}").examples
    assert [(example.label, example.split) for example in examples] == [
        ("down", "test"),
        ("go", "train"),
        ("left", "dev"),
    ]
    for sources in ({}, {"sources.csv": head}, {"sources.csv": b"other\n1\n"}):
        path = write(tmp_path / "kws.zip", {**files, **sources})
        with pytest.raises(DataError, match="expected a sources.csv that names the clip of each"):
            load_dataset(f"mlperf-kws-split:{path}")


def test_the_real_archive_has_the_counts_of_its_readme(real: Callable[[str], Path]) -> None:
    dataset = load_dataset(f"mlperf-kws-split:{real('mlperf_tiny_kws01.zip')}")
    assert [len(dataset.of_split(split)) for split in ("train", "dev", "test")] == [575, 77, 348]
