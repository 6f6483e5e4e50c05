"""AudioMNIST: the repository's layout, no speaker in two splits, and what is half downloaded says so."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.data.dataset import load_dataset
from edgeasr.errors import DataError

Make = Callable[..., Path]


@pytest.fixture
def repository(tmp_path: Path, make_clip: Make) -> Path:
    """Write two recordings of each digit by speakers 01 to 06 and 60, as the repository has them."""
    clip = make_clip(tmp_path / "clip.wav", sample_rate_hz=48000)
    for speaker in ("01", "02", "03", "04", "05", "06", "60"):
        folder = tmp_path / "AudioMNIST" / "data" / speaker
        folder.mkdir(parents=True)
        for digit in range(10):
            for number in range(2):
                os.link(clip, folder / f"{digit}_{speaker}_{number}.wav")
    (tmp_path / "AudioMNIST" / "data" / "audioMNIST_meta.txt").write_text("{}")
    (tmp_path / "AudioMNIST" / "models" / "AlexNet").mkdir(parents=True)  # empty, and nobody's recordings
    return tmp_path / "AudioMNIST"


def complaint(spec: str) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_load_gives_words_and_speakers_in_one_split_each(repository: Path) -> None:
    dataset = load_dataset(f"audiomnist:{repository}")
    assert dataset.labels[:2] == ("zero", "one")
    assert "AudioMNIST" in dataset.licence
    assert len(dataset.examples) == 140
    assert {(example.speaker, example.split) for example in dataset.examples} == {
        ("01", "test"), ("02", "train"), ("03", "dev"), ("04", "train"), ("05", "train"), ("06", "test"),
        ("60", "train"),
    }  # fmt: skip
    by_id = {example.id: example for example in dataset.examples}
    example = by_id["04/7_04_1.wav"]
    assert (example.label, example.speaker) == ("seven", "04")
    assert example.read().sample_rate_hz == 48000


def test_load_is_the_same_from_the_data_folder_a_zip_and_the_environment(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [(e.id, e.label, e.split) for e in load_dataset(f"audiomnist:{repository}").examples]
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "AudioMNIST")
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    for spec in (f"audiomnist:{repository / 'data'}", f"audiomnist:{packed}", "audiomnist"):
        dataset = load_dataset(spec)
        assert [(e.id, e.label, e.split) for e in dataset.examples] == expected
        assert len(dataset.examples[0].read().samples) == 800


def test_load_of_another_layout_is_one_clear_line(tmp_path: Path, make_clip: Make) -> None:
    make_clip(tmp_path / "zero" / "01_0.wav")
    assert "no recordings of AudioMNIST in it: expected data/SPEAKER/DIGIT_SPEAKER_NUMBER.wav" in complaint(
        f"audiomnist:{tmp_path}"
    )
    assert "expected the folder of AudioMNIST" in complaint(f"audiomnist:{tmp_path / 'none'}")


def test_nothing_is_downloaded_and_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    assert "git clone --depth 1 https://github.com/soerenab/AudioMNIST, and give its folder" in complaint("audiomnist")


def test_half_downloaded_is_one_clear_line(repository: Path) -> None:
    (repository / "data" / "05" / "9_05_1.wav").unlink()
    assert "of every digit by speaker 05, got 1 of nine and 2 of zero" in complaint(f"audiomnist:{repository}")
    for path in (repository / "data" / "05").glob("9_*"):
        path.unlink()
    assert "of every digit by speaker 05, got 0 of nine and 2 of zero" in complaint(f"audiomnist:{repository}")
    for path in (repository / "data" / "05").iterdir():
        path.unlink()
    assert "data/05: expected a speaker's recordings, got an empty folder" in complaint(f"audiomnist:{repository}")


def test_all_sixty_speakers_are_36_train_12_dev_12_test(tmp_path: Path, make_clip: Make) -> None:
    clip = make_clip(tmp_path / "clip.wav")
    for speaker in range(1, 61):
        folder = tmp_path / "data" / f"{speaker:02d}"
        folder.mkdir(parents=True)
        for digit in range(10):
            os.link(clip, folder / f"{digit}_{speaker:02d}_0.wav")
    counts = Counter(example.split for example in load_dataset(f"audiomnist:{tmp_path}").examples)
    assert counts == {"train": 360, "dev": 120, "test": 120}
