"""Speech Commands: its own layout and the archive with a manifest, both as the twelve-class task."""

import hashlib
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.data import mlperf_kws, speech_commands
from edgeasr.data.dataset import Split, load_dataset
from edgeasr.data.speech_commands import _silence
from edgeasr.errors import DataError

Make = Callable[..., Path]

WORDS = speech_commands.LABELS[:10]
RATE_HZ = 1000


@pytest.fixture
def root(tmp_path: Path, make_clip: Make) -> Path:
    """Write every command word by four speakers, two others by them, and two noises, as version 0.02 has them."""
    root = tmp_path / "speech_commands_v0.02"
    for word in (*WORDS, "bed", "cat"):
        for speaker in ("aa", "bb", "cc", "dd"):
            make_clip(root / word / f"{speaker}_nohash_0.wav")
    (root / "validation_list.txt").write_text("".join(f"{word}/cc_nohash_0.wav\n" for word in (*WORDS, "bed", "cat")))
    (root / "testing_list.txt").write_text("".join(f"{word}/dd_nohash_0.wav\n" for word in (*WORDS, "bed", "cat")))
    ramp = np.arange(20 * RATE_HZ, dtype=np.float32) / 2**15  # a sample says where it was
    for name in ("tap", "dishes"):
        (root / "_background_noise_").mkdir(exist_ok=True)
        write_wav(root / "_background_noise_" / f"{name}.wav", Clip(ramp, RATE_HZ))
    (root / "_background_noise_" / "README.md").write_text("noise")
    (root / "LICENSE").write_text("CC BY 4.0")
    return root


def complaint(spec: str) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_labels_are_those_of_the_benchmark() -> None:
    assert speech_commands.LABELS == mlperf_kws.LABELS


def test_load_takes_words_and_splits_from_the_real_layout(root: Path) -> None:
    dataset = load_dataset(f"speech-commands:{root}")
    assert dataset.labels == speech_commands.LABELS
    assert "Warden" in dataset.licence
    counts = Counter((example.label, example.split) for example in dataset.examples)
    for word in WORDS:
        assert [counts[word, split] for split in ("train", "dev", "test")] == [2, 1, 1]
    for other in ("silence", "unknown"):  # a tenth of 20, 10 and 10
        assert [counts[other, split] for split in ("train", "dev", "test")] == [2, 1, 1]
    by_id = {example.id: example for example in dataset.examples}
    example = by_id["yes/cc_nohash_0.wav"]
    assert (example.label, example.speaker, example.split) == ("yes", "cc", "dev")
    assert len(example.read().samples) == 800


def test_unknown_is_always_the_same_draw_of_other_words(root: Path, make_clip: Make) -> None:
    def drawn() -> set[str]:
        return {e.id for e in load_dataset(f"speech-commands:{root}").examples if e.label == "unknown"}

    first = drawn()
    assert len(first) == 4
    assert drawn() == first
    for number in range(20):
        make_clip(root / "dog" / f"e{number}_nohash_0.wav")
    assert len(drawn()) == 4
    (out,) = (name for name in first if "dd" in name)  # the clip of the test split
    assert out in drawn()


def test_silence_is_cut_at_fixed_places_and_no_split_shares_them(root: Path, make_clip: Make) -> None:
    for word in WORDS:
        for number in range(8):
            make_clip(root / word / f"e{number}_nohash_0.wav")
    places: dict[str, set[int]] = {"train": set(), "dev": set(), "test": set()}
    ids = set()
    for example in load_dataset(f"speech-commands:{root}").examples:
        if example.label != "silence":
            continue
        clip = example.read()
        assert clip.duration_s == 1
        heard = np.rint(clip.samples * 2**15).astype(int)
        np.testing.assert_array_equal(np.diff(heard), 1)  # one piece of the recording
        places[example.split].update(heard.tolist())
        ids.add(example.id)
    assert len(ids) == 10 + 1 + 1
    assert max(places["train"]) < 16000 <= min(places["dev"])
    assert max(places["dev"]) < 18000 <= min(places["test"])
    assert (min(places["train"]), max(places["train"])) == (0, 15999)  # spread over all of its part


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(10 * RATE_HZ, 15 * RATE_HZ), min_size=1, max_size=3),
    st.sampled_from(["train", "dev", "test"]),
    st.integers(0, 40),
)
def test_silence_is_as_many_whole_seconds_as_asked_for(lengths: list[int], split: Split, count: int) -> None:
    noise = {f"{n}.wav": Clip(np.arange(length, dtype=np.float32), RATE_HZ) for n, length in enumerate(lengths)}
    pieces = [(example.id.partition(" ")[0], example.read()) for example in _silence(noise, split, count)]
    assert len(pieces) == count
    first, last = {"train": (0, 0.8), "dev": (0.8, 0.9), "test": (0.9, 1)}[split]
    for name, piece in pieces:
        assert isinstance(piece, Clip)
        length = len(noise[name].samples)
        assert len(piece.samples) == RATE_HZ
        assert int(first * length) <= piece.samples[0]
        assert piece.samples[-1] < last * length


def test_load_is_the_same_from_above_and_from_a_zip(root: Path, tmp_path: Path) -> None:
    expected = [(e.id, e.label, e.split) for e in load_dataset(f"speech-commands:{root}").examples]
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, root.name)
    for path in (packed, tmp_path):
        assert [(e.id, e.label, e.split) for e in load_dataset(f"speech-commands:{path}").examples] == expected


def test_half_downloaded_is_one_clear_line_with_the_file(root: Path) -> None:
    spec = f"speech-commands:{root}"
    (root / "yes" / "cc_nohash_0.wav").unlink()
    assert "validation_list.txt: names yes/cc_nohash_0.wav, which is not there" in complaint(spec)
    (root / "validation_list.txt").rename(root / "yes" / "validation_list.txt")
    assert "expected testing_list.txt beside yes/validation_list.txt, got none" in complaint(spec)
    (root / "yes" / "validation_list.txt").unlink()
    assert "expected validation_list.txt beside testing_list.txt, got none" in complaint(spec)
    (root / "validation_list.txt").touch()
    write_wav(root / "_background_noise_" / "tap.wav", Clip(np.zeros(9000, np.float32), RATE_HZ))
    assert "tap.wav: expected at least 10 s of background noise, got 9.0 s" in complaint(spec)
    shutil.rmtree(root / "_background_noise_")
    assert "no clips of 'silence' in it: unpack the archive again" in complaint(spec)
    (root / "testing_list.txt").write_text("")
    shutil.rmtree(root / "go")
    assert "no clips of 'go' in it" in complaint(spec)


def test_load_of_another_layout_is_one_clear_line(tmp_path: Path, make_clip: Make) -> None:
    make_clip(tmp_path / "yes" / "aa_nohash_0.wav")
    assert "no Speech Commands in it: expected WORD/SPEAKER_nohash_NUMBER.wav with" in complaint(
        f"speech-commands:{tmp_path}"
    )
    assert "expected the folder or zip of Speech Commands" in complaint(f"speech-commands:{tmp_path / 'none'}")


def test_load_takes_labels_and_splits_from_a_manifest(
    tmp_path: Path, make_clip: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("yes/a.wav", "bed/b.wav", "_silence_/0.wav"):
        make_clip(tmp_path / "set" / name)
    lines = ["path,label12,speaker,split", "yes/a.wav,yes,a,test", "bed/b.wav,_unknown_,b,train"]
    lines.append("_silence_/0.wav,_silence_,,dev")
    (tmp_path / "set" / "manifest.csv").write_text("\n".join(lines))
    shutil.make_archive(str(tmp_path / "speech_commands"), "zip", tmp_path, "set")
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    dataset = load_dataset("speech-commands")
    assert dataset.labels == speech_commands.LABELS
    assert [(e.id, e.label, e.speaker, e.split) for e in dataset.examples] == [
        ("yes/a.wav", "yes", "a", "test"),
        ("bed/b.wav", "unknown", "b", "train"),
        ("_silence_/0.wav", "silence", "", "dev"),
    ]
    (tmp_path / "set" / "manifest.csv").write_text("\n".join(lines).replace("_unknown_", "bed"))
    assert "line 3: expected one of down, go" in complaint(f"speech-commands:{tmp_path / 'set'}")


def test_words_keep_their_own_names(root: Path, make_clip: Make) -> None:
    dataset = load_dataset(f"speech-commands-words:{root}")
    assert len(dataset.labels) == len(set(dataset.labels)) == 35
    counts = Counter((example.label, example.split) for example in dataset.examples)
    assert counts == {(word, split): count for word in (*WORDS, "bed", "cat")
                      for split, count in (("train", 2), ("dev", 1), ("test", 1))}  # fmt: skip
    make_clip(root / "robin" / "aa_nohash_0.wav")
    assert "robin/aa_nohash_0.wav: expected one of the 35 words" in complaint(f"speech-commands-words:{root}")


def test_words_come_from_the_real_archive(real: Callable[[str], Path]) -> None:
    dataset = load_dataset(f"speech-commands-words:{real('speech_commands.zip')}")
    assert {example.label for example in dataset.examples} == set(dataset.labels)
    assert len(dataset.examples) == 5174 - 160  # all but silence


def test_the_archive_is_downloaded_once_and_checked(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        archive.add(root, ".")  # the real archive has no folder above the words either
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(speech_commands, "URL", (tmp_path / "set.tar.gz").as_uri())
    assert "expected a file with sha256:af14739e" in complaint("speech-commands")
    sha256 = hashlib.sha256((tmp_path / "set.tar.gz").read_bytes()).hexdigest()
    monkeypatch.setattr(speech_commands, "SHA256", sha256)
    first = [example.id for example in load_dataset("speech-commands").examples]
    (tmp_path / "set.tar.gz").unlink()
    assert [example.id for example in load_dataset("speech-commands").examples] == first
    assert len(first) == 48


def test_the_real_archive_has_the_published_counts(real: Callable[[str], Path]) -> None:
    dataset = load_dataset(f"speech-commands:{real('speech_commands.zip')}")
    counts = Counter((example.label, example.split) for example in dataset.examples)
    train = [counts[label, "train"] for label in dataset.labels]
    assert train == [262, 248, 272, 260, 260, 267, 249, 260, 256, 268, 70, 1149]
    assert Counter(example.split for example in dataset.examples) == {"train": 3821, "dev": 466, "test": 887}
    by_speaker = {(e.speaker, e.split) for e in dataset.examples if e.speaker}
    assert len(by_speaker) == len({speaker for speaker, _ in by_speaker})  # nobody in two splits
    clip = next(example for example in dataset.examples if example.label == "yes").read()
    assert clip.sample_rate_hz == 16000
    assert np.abs(clip.samples).max() > 0.01
