"""Samples that an imported model is calibrated and verified with: where they come from, and what is wrong with them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Samples
from edgeasr.data.dataset import Dataset, Example
from edgeasr.errors import DataError
from edgeasr_export.importing import samples as samples_module
from edgeasr_export.importing.samples import check_samples, read_samples, samples_of_data

LABELS = ("a", "b")


def features(clips: int) -> np.ndarray:
    return np.random.default_rng(clips).standard_normal((clips, 3, 2)).astype(np.float32)


def good(**changes: Any) -> Samples:
    values = {"calibration": features(8), "verification": features(4), "targets": np.array([0, 1, 0, -1])}
    return Samples(**{**values, **changes})


def test_samples_of_data_are_of_the_right_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    def example(index: int) -> Example:
        split = ("train", "test", "dev")[index % 3]
        content = np.full((3, 2), index, np.float32)
        return Example(str(index), LABELS[index % 2], "", split, lambda: content)

    dataset = Dataset("numbers", LABELS, tuple(example(index) for index in range(900)), "")
    monkeypatch.setattr(samples_module, "load_datasets", {("numbers",): dataset}.get)
    samples = samples_of_data(("numbers",), ("b", "a"), None)
    assert len(samples.calibration) == len(samples.verification) == 200
    assert set(samples.calibration[:, 0, 0] % 3) == {0}
    assert set(samples.verification[:, 0, 0] % 3) == {1}
    np.testing.assert_array_equal(samples.targets, 1 - samples.verification[:, 0, 0] % 2)  # as the model has its labels
    assert np.bincount(samples.targets).tolist() == [100, 100]


def test_samples_of_data_without_a_training_split_are_refused(real: Any) -> None:
    with pytest.raises(DataError, match="mlperf-kws: has no clip of the split 'train' to calibrate with"):
        samples_of_data([f"mlperf-kws:{real('mlperf_tiny_kws01.zip')}"], LABELS, None)


def test_read_samples_gives_what_was_written(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "s.npz", calibration=features(8).astype(np.float64), verification=features(4), targets=[0, 1, 0, 1]
    )
    samples = read_samples(tmp_path / "s.npz")
    assert samples.calibration.dtype == np.float32
    np.testing.assert_array_equal(samples.calibration, features(8))
    np.testing.assert_array_equal(samples.targets, [0, 1, 0, 1])
    np.savez(tmp_path / "s.npz", calibration=features(8), verification=features(4))
    assert len(read_samples(tmp_path / "s.npz").targets) == 0


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"calibration": features(8)}, "expected an .npz file with the arrays calibration and verification"),
        (
            {"calibration": features(8), "verification": features(4)[:, 0]},
            r"of one shape, got \(8, 3, 2\) and \(4, 2\)",
        ),
        ({"calibration": np.zeros(3), "verification": np.zeros(3)}, "of one shape"),
        ({"calibration": features(8), "verification": features(4), "targets": [1]}, "expected 4 targets, .* got 1"),
        ({"calibration": ["x"], "verification": ["y"]}, "expected an .npz file"),
    ],
)
def test_read_samples_refuses_other_arrays(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "s.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_samples(tmp_path / "s.npz")


@pytest.mark.parametrize("content", [None, b"", b"text", b"PK\x03\x04cut off"])
def test_read_samples_refuses_other_files(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "s.npz").write_bytes(content)
    with pytest.raises(DataError, match="s.npz: expected an .npz file"):
        read_samples(tmp_path / "s.npz")
    np.save(tmp_path / "array.npy", features(3))
    with pytest.raises(DataError, match="array.npy: expected an .npz file"):
        read_samples(tmp_path / "array.npy")


def test_check_samples_takes_good_ones() -> None:
    check_samples(good(), LABELS)
    check_samples(good(targets=np.zeros(0, np.int64)), LABELS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"calibration": features(1)}, "calibration: has one clip: expected dozens"),
        ({"calibration": features(0)}, "calibration: has no clip"),
        ({"verification": features(0), "targets": np.zeros(0, np.int64)}, "verification: has no clip"),
        ({"calibration": np.full((8, 3, 2), -13.8, np.float32)}, r"the same features \(silence\?\)"),
        ({"calibration": np.full((8, 3, 2), np.nan, np.float32)}, "calibration: expected finite features"),
        ({"verification": np.full((4, 3, 2), np.inf, np.float32)}, "verification: expected finite features"),
        ({"targets": np.array([0, 1, 2, 0])}, "targets: expected 0 to 1, or -1 for background, got 2"),
    ],
)
def test_check_samples_refuses_what_is_of_no_use(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_samples(good(**changes), LABELS)
