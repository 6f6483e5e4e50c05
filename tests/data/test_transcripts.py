"""Sentences with transcripts: one's own manifest, and the two archives of the data folder."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.data.dataset import load_dataset
from edgeasr.data.split import split_of
from edgeasr.errors import DataError

Make = Callable[..., Path]

MANIFEST = "path,text,speaker,split\nb.wav,Turn it ON,ann,train\na/c.wav,off,ben,test\n"


@pytest.fixture
def folder(tmp_path: Path, make_clip: Make) -> Path:
    """Write two clips and their manifest."""
    make_clip(tmp_path / "set" / "b.wav", samples=300)
    make_clip(tmp_path / "set" / "a" / "c.wav", samples=400)
    (tmp_path / "set" / "manifest.csv").write_text(MANIFEST)
    return tmp_path / "set"


def complaint(spec: str) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("place", ["folder", "above", "zip", "zip of the folder"])
def test_load_keeps_the_text_as_it_is(folder: Path, tmp_path: Path, place: str) -> None:
    path = {"folder": folder, "above": tmp_path}.get(place)
    if path is None:
        top = (folder, None) if place == "zip" else (tmp_path, "set")
        path = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", *top))
    dataset = load_dataset(f"transcripts:{path}")
    assert dataset.labels == ()
    assert [(e.id, e.label, e.speaker, e.split, len(e.read().samples)) for e in dataset.examples] == [
        ("b.wav", "Turn it ON", "ann", "train", 300),
        ("a/c.wav", "off", "ben", "test", 400),
    ]


def test_load_divides_by_speaker_where_there_is_no_split(folder: Path, make_clip: Make) -> None:
    names = [make_clip(folder / f"{number}.wav").name for number in range(30)]
    lines = [f"{name},s{number},yes" for number, name in enumerate(names)]
    (folder / "manifest.csv").write_text("\n".join(["path,pseudo_speaker,text_auto", *lines]))
    examples = load_dataset(f"transcripts:{folder}").examples
    assert {example.label for example in examples} == {"yes"}
    assert {example.split for example in examples} == {"train", "dev", "test"}
    assert all(example.split == split_of(example.speaker) for example in examples)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("path,text,split\nb.wav, ,train\n", "line 2: b.wav has no text: add it or delete the line"),
        ("path,text,split\nb.wav,yes,all\n", "line 2: expected the split train, dev or test, got 'all'"),
        ("path,text\nb.wav,yes\n", "manifest.csv has only the columns path, text: expected a folder or zip"),
        ("path,speaker\nb.wav,ann\n", "manifest.csv has only the columns path, speaker: expected a folder or zip"),
        ("path,text,speaker\nb.wav,yes,\n", "line 2: b.wav has no speaker, who decides the split"),
        ("path,text,split\nx.wav,yes,train\n", "line 2: no such file as 'x.wav'"),
    ],
)
def test_a_manifest_that_lacks_something_is_one_clear_line(folder: Path, manifest: str, message: str) -> None:
    (folder / "manifest.csv").write_text(manifest)
    assert message in complaint(f"transcripts:{folder}")


def test_load_of_another_layout_is_one_clear_line(folder: Path, tmp_path: Path) -> None:
    assert "transcripts needs a path, transcripts:PATH: expected a folder or zip" in complaint("transcripts")
    assert f"{tmp_path / 'none'}: expected a folder or zip" in complaint(f"transcripts:{tmp_path / 'none'}")
    (folder / "manifest.csv").rename(folder / "list.csv")
    assert f"{folder}: no manifest.csv in it: expected a folder or zip" in complaint(f"transcripts:{folder}")


@pytest.mark.parametrize(("name", "own"), [("coffee-orders", "coffeeDrink"), ("read-speech", "set")])
def test_archives_of_the_data_folder_leave_out_clips_without_text(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, own: str
) -> None:
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    archive = f"{name.replace('-', '_')}.zip"
    assert complaint(name) == (
        f"{name} is not downloaded: give {archive} as {name}:PATH, or its folder as EDGEASR_DATA"
    )
    assert complaint(f"{name}:{folder}") == (
        f"{folder}: is not {name}, whose manifest.csv has a column {own}: load it as transcripts:PATH"
    )
    (folder / "manifest.csv").write_text(f"path,text,split,{own}\nb.wav,,train,x\na/c.wav,off,dev,x\n")
    shutil.make_archive(str(tmp_path / archive.removesuffix(".zip")), "zip", folder)
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    assert [example.id for example in load_dataset(name).examples] == ["a/c.wav"]


@pytest.mark.parametrize(
    ("name", "archive", "counts", "licence"),
    [
        ("coffee-orders", "coffee_orders.zip", {"train": 388, "dev": 57, "test": 65}, "Picovoice"),
        ("read-speech", "read_speech.zip", {"train": 211, "dev": 43}, "Carnegie Mellon"),
    ],
)
def test_the_real_archives_are_whole(
    real: Callable[[str], Path], name: str, archive: str, counts: dict[str, int], licence: str
) -> None:
    dataset = load_dataset(f"{name}:{real(archive)}")
    assert Counter(example.split for example in dataset.examples) == counts
    assert dataset.labels == ()
    assert licence in dataset.licence
    assert set("".join(example.label or "" for example in dataset.examples)) <= set("abcdefghijklmnopqrstuvwxyz' ")
    by_speaker = {(example.speaker, example.split) for example in dataset.examples}
    assert len(by_speaker) == len({speaker for speaker, _ in by_speaker})  # nobody in two splits
    clip = dataset.examples[0].read()
    assert clip.sample_rate_hz == 16000
    assert 0.5 < clip.duration_s < 30
