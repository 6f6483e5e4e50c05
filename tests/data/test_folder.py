"""A folder of clips: both layouts, the split by speaker, and every way to get it wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.data.dataset import load_dataset
from edgeasr.data.split import split_of
from edgeasr.errors import DataError

Make = Callable[..., Path]


def test_load_takes_labels_from_folders_and_splits_by_speaker(tmp_path: Path, make_clip: Make) -> None:
    for speaker in range(40):
        make_clip(tmp_path / "yes" / f"s{speaker}_nohash_0.wav")
        make_clip(tmp_path / "no" / f"s{speaker}_nohash_1.WAV")
    dataset = load_dataset(f"folder:{tmp_path}")
    assert dataset.labels == ("no", "yes")
    assert len(dataset.examples) == 80
    assert {example.split for example in dataset.examples} == {"train", "dev", "test"}
    for example in dataset.examples:
        assert example.split == split_of(example.speaker)
    first = dataset.examples[0]
    assert (first.id, first.label, first.speaker) == ("no/s0_nohash_1.WAV", "no", "s0")
    assert len(first.read().samples) == 800


def test_load_takes_the_split_from_folders_above_the_labels(tmp_path: Path, make_clip: Make) -> None:
    for name in ("train/yes/a.wav", "train/no/a.wav", "test/yes/b.wav", "test/no/b.wav", "dev/no/c.wav"):
        make_clip(tmp_path / name)
    dataset = load_dataset(f"folder:{tmp_path}")
    assert dataset.labels == ("no", "yes")
    assert {(example.id, example.split) for example in dataset.examples} == {
        ("train/yes/a.wav", "train"),
        ("train/no/a.wav", "train"),
        ("test/yes/b.wav", "test"),
        ("test/no/b.wav", "test"),
        ("dev/no/c.wav", "dev"),
    }


def test_load_takes_train_and_test_for_labels_where_they_hold_clips(tmp_path: Path, make_clip: Make) -> None:
    make_clip(tmp_path / "train" / "a_0.wav")
    make_clip(tmp_path / "test" / "a_0.wav")
    assert load_dataset(f"folder:{tmp_path}").labels == ("test", "train")


@pytest.mark.parametrize("name", ["_background_", "_background_noise_"])
def test_load_gives_background_no_label_and_lets_it_be_long(tmp_path: Path, make_clip: Make, name: str) -> None:
    make_clip(tmp_path / "yes" / "a.wav")
    make_clip(tmp_path / "no" / "a.wav")
    make_clip(tmp_path / name / "street.wav", samples=61 * 8000)
    dataset = load_dataset(f"folder:{tmp_path}")
    assert dataset.labels == ("no", "yes")
    (street,) = [example for example in dataset.examples if example.label is None]
    assert street.read().duration_s == 61


def test_load_leaves_out_hidden_files_and_what_is_no_audio(tmp_path: Path, make_clip: Make) -> None:
    for name in ("yes/a.wav", "no/a.wav", "yes/.hidden.wav", ".git/a.wav"):
        make_clip(tmp_path / name)
    (tmp_path / "yes" / "notes.txt").write_text("not audio")
    (tmp_path / "README.md").write_text("not audio")
    assert [example.id for example in load_dataset(f"folder:{tmp_path}").examples] == [
        "no/a.wav",
        "yes/a.wav",
    ]


def test_load_of_another_layout_is_one_clear_line(tmp_path: Path, make_clip: Make) -> None:
    def complaint(spec: str) -> str:
        with pytest.raises(DataError) as caught:
            load_dataset(spec)
        return str(caught.value)

    assert "folder needs a path, folder:PATH: expected LABEL/CLIP.wav" in complaint("folder")
    assert "no such folder: expected LABEL/CLIP.wav" in complaint(f"folder:{tmp_path / 'none'}")
    assert "no folders of audio files in it: expected LABEL/CLIP.wav" in complaint(f"folder:{tmp_path}")
    make_clip(tmp_path / "loose.wav")
    assert "no folders of audio files in it" in complaint(f"folder:{tmp_path}")
    make_clip(tmp_path / "yes" / "a.wav")
    assert "only one label, 'yes'" in complaint(f"folder:{tmp_path}")
    (tmp_path / "no").mkdir()
    assert f"{tmp_path / 'no'}: no audio files in it" in complaint(f"folder:{tmp_path}")
