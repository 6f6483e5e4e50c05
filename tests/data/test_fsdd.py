"""FSDD: archive, folder and download give the same data set; what is no FSDD says so."""

import hashlib
import os
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data import fsdd
from edgeasr.data.dataset import Dataset, load_dataset, load_datasets
from edgeasr.errors import AudioError, DataError

Make = Callable[..., Path]


@pytest.fixture
def recordings(tmp_path: Path, make_clip: Make) -> Path:
    """Write two speakers' recordings 0, 5 and 9 of every digit, as the repository has them."""
    for digit in range(10):
        for speaker in ("george", "theo"):
            for number in (0, 5, 9):
                name = f"{digit}_{speaker}_{number}.wav"
                make_clip(tmp_path / "repo" / "recordings" / name, 500 + 10 * digit + number)
    (tmp_path / "repo" / "recordings" / "._0_george_0.wav").write_bytes(b"macOS")
    (tmp_path / "repo" / "README.md").write_text("FSDD")
    return tmp_path / "repo"


def packed(folder: Path, suffix: str) -> Path:
    archive = folder.parent / f"fsdd.tar.{suffix}"
    with tarfile.open(archive, f"w:{suffix}") as file:
        file.add(folder, "free-spoken-digit-dataset-26eb9aaf")
    return archive


def content(dataset: Dataset) -> list[tuple[object, ...]]:
    return [(e.id, e.label, e.speaker, e.split, e.read().samples.tobytes()) for e in dataset.examples]


def test_load_gives_words_speakers_and_the_authors_split(recordings: Path) -> None:
    dataset = fsdd.load(str(recordings))
    assert dataset.labels[:3] == ("zero", "one", "two")
    assert "CC BY-SA 4.0" in dataset.licence
    assert "Zohar Jackson" in dataset.licence
    by_id = {example.id: example for example in dataset.examples}
    assert len(by_id) == 60
    assert [by_id[f"7_theo_{number}.wav"].split for number in (0, 5, 9)] == ["test", "dev", "train"]
    assert (by_id["7_theo_9.wav"].label, by_id["7_theo_9.wav"].speaker) == ("seven", "theo")


@pytest.mark.parametrize("suffix", ["xz", "gz"])
def test_load_is_the_same_from_an_archive_and_a_folder(recordings: Path, suffix: str) -> None:
    from_folder = content(fsdd.load(str(recordings)))
    assert content(fsdd.load(str(recordings / "recordings"))) == from_folder
    assert content(load_dataset(f"fsdd:{packed(recordings, suffix)}")) == from_folder


def test_load_reads_clips_only_when_asked(recordings: Path) -> None:
    (recordings / "recordings" / "0_george_0.wav").write_bytes(b"RIFF")
    example = fsdd.load(str(recordings)).examples[0]
    with pytest.raises(AudioError, match=r"0_george_0\.wav"):
        example.read()


def test_load_names_the_missing_digits(recordings: Path) -> None:
    for path in recordings.rglob("4_*.wav"):
        path.unlink()
    with pytest.raises(DataError, match="of all ten digits, got none of four:"):
        fsdd.load(str(recordings))


def test_load_names_the_speaker_whose_recordings_are_not_all_there(recordings: Path) -> None:
    (recordings / "recordings" / "4_theo_5.wav").unlink()
    with pytest.raises(DataError, match="expected 3 recordings of 'four' by theo, as of other digits, got 2:"):
        fsdd.load(str(recordings))


@pytest.mark.parametrize("damage", ["missing", "text", "cut off"])
@pytest.mark.parametrize("suffix", ["xz", "gz"])
def test_load_of_a_bad_archive_is_one_clear_line(recordings: Path, damage: str, suffix: str) -> None:
    archive = packed(recordings, suffix)
    if damage == "missing":
        archive.unlink()
    elif damage == "text":
        archive.write_text("not an archive")
    else:
        archive.write_bytes(archive.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"expected the FSDD archive \(tar\) or its folder") as caught:
        fsdd.load(str(archive))
    assert "\n" not in str(caught.value)


def test_content_sha256_depends_on_names_and_content_only() -> None:
    lines = "".join(f"{name} {hashlib.sha256(data).hexdigest()}\n" for name, data in (("a", b"1"), ("b", b"2")))
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert fsdd.content_sha256({"b": b"2", "a": b"1"}) == expected
    assert fsdd.content_sha256({"a": b"2", "b": b"1"}) != expected


def test_download_is_cached_and_checked(recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(recordings, "gz")
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fsdd, "URL", archive.as_uri())
    with pytest.raises(DataError, match="expected the 3000 recordings of FSDD, got 60 with another checksum"):
        fsdd.load(None)
    assert not list((tmp_path / "cache").rglob("*.gz"))  # what is wrong is not kept

    whole = {path.name: path.read_bytes() for path in (recordings / "recordings").glob("[0-9]*.wav")}
    monkeypatch.setattr(fsdd, "CONTENT_SHA256", fsdd.content_sha256(whole))
    first = content(fsdd.load(None))
    archive.unlink()
    assert content(fsdd.load(None)) == first == content(fsdd.load(str(recordings)))


def test_archive_in_the_data_folder_is_taken_before_a_download(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fsdd, "URL", "http://127.0.0.1:9/nothing")
    packed(recordings, "gz").rename(tmp_path / "fsdd.tar.xz")
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    assert content(fsdd.load(None)) == content(fsdd.load(str(recordings)))


def test_url_pins_a_commit() -> None:
    assert fsdd.URL.endswith("/archive/26eb9aaf76e81b692f806f9140c2d2777410d7a1.tar.gz")


def test_the_real_archive_is_whole(real: Callable[[str], Path]) -> None:
    archive = real("fsdd.tar.xz")
    with tarfile.open(archive) as file:
        members = {Path(m.name).name: file.extractfile(m).read() for m in file if m.isfile()}
    assert fsdd.content_sha256(members) == fsdd.CONTENT_SHA256

    dataset = fsdd.load(os.fspath(archive))
    assert Counter(example.split for example in dataset.examples) == {"train": 2520, "dev": 180, "test": 300}
    assert set(Counter(example.label for example in dataset.examples).values()) == {300}
    clip = dataset.examples[-1].read()
    assert clip.sample_rate_hz == 8000
    assert np.abs(clip.samples).max() > 0.01
    alone = load_datasets([f"fsdd:{archive}"], leave_out="theo")
    assert {example.speaker for example in alone.examples if example.split == "test"} == {"theo"}
