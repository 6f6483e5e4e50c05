"""LibriSpeech: its own layout from any folder of it, and clips and texts that do not fit each other."""

import hashlib
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data import librispeech
from edgeasr.data.dataset import load_dataset
from edgeasr.data.split import split_of
from edgeasr.errors import DataError

Make = Callable[..., Path]


def write_chapter(subset: Path, speaker: int, chapter: int, *texts: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    folder = subset / str(speaker) / str(chapter)
    folder.mkdir(parents=True)
    lines = []
    for number, text in enumerate(texts):
        name = f"{speaker}-{chapter}-{number:04d}"
        soundfile.write(folder / f"{name}.flac", np.full(400 + number, 0.1, np.float32), 16000)
        lines.append(f"{name} {text}\n")
    (folder / f"{speaker}-{chapter}.trans.txt").write_text("".join(lines))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write three subsets with a chapter or two each."""
    root = tmp_path / "LibriSpeech"
    write_chapter(root / "train-clean-100", 19, 198, "NORTHANGER ABBEY", "THIS LITTLE WORK")
    write_chapter(root / "train-clean-100", 19, 227, "DON'T")
    write_chapter(root / "dev-clean", 84, 121123, "GO")
    write_chapter(root / "test-other", 367, 130732, "LOBSTERS")
    (root / "SPEAKERS.TXT").write_text("19 | F")
    return root


def complaint(spec: str) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_load_takes_the_split_from_the_subsets_and_lower_case_texts(root: Path) -> None:
    dataset = load_dataset(f"librispeech:{root}")
    assert dataset.labels == ()
    assert "CC BY 4.0" in dataset.licence
    assert [(e.id.rpartition("/")[2], e.label, e.speaker, e.split) for e in dataset.examples] == [
        ("84-121123-0000.flac", "go", "84", "dev"),
        ("367-130732-0000.flac", "lobsters", "367", "test"),
        ("19-198-0000.flac", "northanger abbey", "19", "train"),
        ("19-198-0001.flac", "this little work", "19", "train"),
        ("19-227-0000.flac", "don't", "19", "train"),
    ]
    assert dataset.examples[0].id == "dev-clean/84/121123/84-121123-0000.flac"
    clip = dataset.examples[3].read()
    assert (len(clip.samples), clip.sample_rate_hz) == (401, 16000)


def test_load_is_the_same_from_above_a_zip_and_the_environment(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [(e.id, e.label, e.split) for e in load_dataset(f"librispeech:{root}").examples]
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "LibriSpeech")
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    for spec in (f"librispeech:{tmp_path}", f"librispeech:{packed}", "librispeech"):
        assert [(e.id, e.label, e.split) for e in load_dataset(spec).examples] == expected


def test_a_subset_alone_is_divided_by_speaker_unless_it_is_for_testing(root: Path) -> None:
    assert {e.split for e in load_dataset(f"librispeech:{root / 'test-other'}").examples} == {"test"}
    for subset in ("dev-clean", "train-clean-100"):
        for speaker in range(100, 130):
            write_chapter(root / subset, speaker, 1, "YES")
        examples = load_dataset(f"librispeech:{root / subset}").examples
        assert {e.split for e in examples} == {"train", "dev", "test"}
        assert all(e.split == split_of(e.speaker) for e in examples)


def test_the_folder_itself_may_be_named_by_a_dot(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "test-other")
    assert [e.label for e in load_dataset("librispeech:.").examples] == ["lobsters"]


def test_half_downloaded_is_one_clear_line_with_the_file(root: Path) -> None:
    chapter = root / "train-clean-100" / "19" / "198"
    texts = chapter / "19-198.trans.txt"
    whole = texts.read_text()

    texts.write_text(whole.splitlines()[0])
    message = "19-198-0001.flac: expected its text in 19-198.trans.txt beside it, got none"
    assert message in complaint(f"librispeech:{root}")
    texts.unlink()
    assert "19-198-0000.flac: expected its text in 19-198.trans.txt" in complaint(f"librispeech:{root}")
    texts.write_text(whole.replace(" THIS LITTLE WORK", " "))
    assert "19-198.trans.txt: no text for 19-198-0001.flac" in complaint(f"librispeech:{root}")
    texts.write_text(whole)
    (chapter / "19-198-0001.flac").unlink()
    assert "19-198.trans.txt: names 19-198-0001.flac, which is not there" in complaint(f"librispeech:{root}")
    for path in chapter.iterdir():
        path.unlink()
    assert "19/198: expected a speaker or chapter, got an empty folder" in complaint(f"librispeech:{root}")


def test_load_of_another_layout_is_one_clear_line(root: Path, tmp_path: Path) -> None:
    assert "expected the folder LibriSpeech, a subset of it, or the name of one to download (dev-clean" in complaint(
        f"librispeech:{tmp_path / 'none'}"
    )
    layout = "no speech of LibriSpeech in it: expected {train,dev,test}-*/SPEAKER/CHAPTER/"
    assert layout in complaint(f"librispeech:{root / 'dev-clean' / '84'}")
    (root / "dev-clean").rename(tmp_path / "mine")
    assert layout in complaint(f"librispeech:{tmp_path / 'mine'}")


def test_a_subset_is_downloaded_by_its_name_and_checked(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(tmp_path / "dev-clean.tar.gz", "w:gz") as archive:
        archive.add(root / "dev-clean", "LibriSpeech/dev-clean")
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(librispeech, "URL", tmp_path.as_uri())
    with pytest.raises(DataError, match=r"dev-clean.tar.gz: expected a file with md5:42e2.*, or give the data set"):
        load_dataset("librispeech:dev-clean")

    md5 = hashlib.md5((tmp_path / "dev-clean.tar.gz").read_bytes()).hexdigest()
    monkeypatch.setitem(librispeech.MD5, "dev-clean", md5)
    for spec in ("librispeech:dev-clean", "librispeech"):
        assert [e.label for e in load_dataset(spec).examples] == ["go"]
