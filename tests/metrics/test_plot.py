"""The picture of a confusion matrix."""

import struct
from pathlib import Path
from shutil import disk_usage

import numpy as np
import pytest

from edgeasr.metrics.plot import plot_confusion

pytest.importorskip("matplotlib")


def size(path: Path) -> tuple[int, int]:
    """Return width and height as the head of a PNG gives them."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_plot_confusion_writes_a_picture(tmp_path: Path) -> None:
    plot_confusion(np.array([[9, 1], [0, 10]]), ["yes", "no"], tmp_path / "new" / "picture.png")
    assert min(size(tmp_path / "new/picture.png")) > 200
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["picture.png"]


def test_plot_confusion_grows_with_the_labels(tmp_path: Path) -> None:
    for labels in (2, 20):
        plot_confusion(np.eye(labels, dtype=np.int64), [f"word {n}" for n in range(labels)], tmp_path / f"{labels}.png")
    assert size(tmp_path / "20.png") > size(tmp_path / "2.png")


def test_plot_confusion_draws_what_the_matrix_says(tmp_path: Path) -> None:
    from matplotlib.image import imread

    pictures = []
    for confusion in ([[9, 0], [0, 9]], [[0, 9], [9, 0]]):
        plot_confusion(np.array(confusion), ["a", "b"], tmp_path / "picture.png")
        pictures.append(imread(tmp_path / "picture.png"))
    assert (pictures[0] != pictures[1]).any()
    dark = [picture[..., 0] < 0.2 for picture in pictures]  # the blue of a whole row
    middle_row, middle_column = (pictures[0].shape[axis] // 2 for axis in (0, 1))
    assert dark[0][:middle_row, :middle_column].sum() > dark[1][:middle_row, :middle_column].sum()


@pytest.mark.parametrize("labels", [["a", "b"], ["$x_1$", "a_b%"], ["größe", "żółw"]])
def test_plot_confusion_of_a_label_that_was_never_said(tmp_path: Path, labels: list[str]) -> None:
    plot_confusion(np.zeros((2, 2), np.int64), labels, tmp_path / "picture.png")
    assert min(size(tmp_path / "picture.png")) > 200


def test_plot_confusion_that_cannot_be_written_leaves_the_old_one(small_disk: Path) -> None:
    path = small_disk / "picture.png"
    path.write_bytes(b"first" * 100)
    (small_disk / "filler").write_bytes(bytes(disk_usage(small_disk).free))
    with pytest.raises(OSError, match="No space left"):
        plot_confusion(np.array([[9, 1], [0, 10]]), ["yes", "no"], path)
    assert path.read_bytes() == b"first" * 100
    assert sorted(file.name for file in small_disk.iterdir()) == ["filler", "picture.png"]
