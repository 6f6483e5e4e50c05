"""Synthetic speech: the words asked for, in many voices, always the same bytes."""

import hashlib
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data import synthetic
from edgeasr.data.dataset import Dataset, load_dataset
from edgeasr.errors import DataError, MissingPackageError

pytest.importorskip("espeakng_loader")


def digest(dataset: Dataset, order: list[int]) -> str:
    """Sum up the sound of the examples, read in this order, in one checksum."""
    sounds = {dataset.examples[i].id: dataset.examples[i].read().samples.tobytes() for i in order}
    return hashlib.sha256(b"".join(sounds[name] for name in sorted(sounds))).hexdigest()


def test_load_speaks_the_ten_digits_in_many_voices() -> None:
    dataset = load_dataset("synthetic")
    assert dataset.labels == ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    words = Counter(example.label for example in dataset.examples)
    assert {words[label] for label in dataset.labels} == {120}
    assert words[None] == 600
    assert len({example.id for example in dataset.examples}) == len(dataset.examples)
    for label in dataset.labels:
        accents = Counter(e.speaker.partition("+")[0] for e in dataset.examples if e.label == label)
        assert set(accents.values()) == {15}
        assert len(accents) == 8


def test_load_splits_by_voice() -> None:
    dataset = load_dataset("synthetic")
    splits: dict[str, set[str]] = {}
    for example in dataset.examples:
        splits.setdefault(example.speaker, set()).add(example.split)
    assert all(len(names) == 1 for names in splits.values())
    shares = Counter(example.split for example in dataset.examples)
    assert 0.75 < shares["train"] / len(dataset.examples) < 0.85
    assert min(shares["dev"], shares["test"]) > 80
    assert {e.label for e in dataset.examples if e.split == "test"} == {*dataset.labels, None}


def test_load_speaks_audibly_at_one_rate() -> None:
    for example in load_dataset("synthetic").examples[::60]:
        clip = example.read()
        assert clip.sample_rate_hz == 22050
        assert 0.15 < clip.duration_s < 2
        assert np.abs(clip.samples).max() > 0.05


def test_sound_does_not_depend_on_the_order_of_reading_or_the_process() -> None:
    dataset = synthetic.speak_words(["yes", "turn on"], voices_per_word=40)
    order = list(range(len(dataset.examples)))
    first = digest(dataset, order)
    assert digest(dataset, order[::-1]) == first
    code = (
        "import hashlib; from edgeasr.data import synthetic\n"
        "examples = synthetic.speak_words(['yes', 'turn on'], voices_per_word=40).examples\n"
        "sounds = [e.read().samples.tobytes() for e in sorted(examples, key=lambda e: e.id)]\n"
        "print(hashlib.sha256(b''.join(sounds)).hexdigest())"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True)
    assert run.stdout.strip() == first


def test_sound_does_not_depend_on_another_user_of_the_library() -> None:
    """Ours must be a copy that is loaded afresh; one that somebody else holds open would keep its state."""
    code = (
        "import ctypes, hashlib, sys, espeakng_loader\n"
        "held = ctypes.CDLL(espeakng_loader.get_library_path()) if sys.argv[1] == 'held' else None\n"
        "from edgeasr.data.synthetic import say\n"
        "sounds = [say(word, voice) for word in ('one', 'two') for voice in ('en-us+f3', 'en-gb-x-rp+croak')]\n"
        "print(hashlib.sha256(b''.join(sound.samples.tobytes() for sound in sounds)).hexdigest())"
    )
    root = Path(__file__).parents[2]
    held, alone = (
        subprocess.run([sys.executable, "-c", code, word], cwd=root, check=True, capture_output=True).stdout
        for word in ("held", "alone")
    )
    assert held == alone


def test_sound_of_every_variant_is_its_own_and_repeats() -> None:
    voices = [f"en-us+{variant}" for variant in synthetic.variants()]
    sounds = {voice: synthetic.say("seven", voice).samples.tobytes() for voice in voices}
    assert len(voices) >= 100
    assert len(set(sounds.values())) == len(voices)
    for voice in reversed(voices):
        assert synthetic.say("seven", voice).samples.tobytes() == sounds[voice], voice


def test_say_is_safe_from_many_threads() -> None:
    expected = synthetic.say("three", "en-029+f2").samples
    got: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: got.append(synthetic.say("three", "en-029+f2").samples)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert all(np.array_equal(samples, expected) for samples in got)


def test_say_obeys_speed_and_pitch() -> None:
    assert (
        synthetic.say("seven", words_per_minute=120).duration_s
        > 1.3 * synthetic.say("seven", words_per_minute=220).duration_s
    )

    def voice_hz(pitch: int) -> float:
        """Find the strongest period of the middle of the vowel."""
        samples = synthetic.say("ah", pitch=pitch, pitch_range=0).samples[3000:6000]
        echoes = np.correlate(samples, samples, "full")[len(samples) :]
        return 22050 / (50 + np.argmax(echoes[50:400]))

    assert voice_hz(90) > 1.3 * voice_hz(10)


def test_words_of_one_set_sound_the_same_in_another() -> None:
    def yes(words: list[str]) -> list[tuple[str, str, str]]:
        dataset = synthetic.speak_words(words, voices_per_word=16)
        return [(e.id, e.split, str(e.read)) for e in dataset.examples if e.label == "yes"]

    assert yes(["yes", "no"]) == yes(["stop", "yes", "go"])


def test_background_words_are_never_labels() -> None:
    dataset = synthetic.speak_words(["yes", "stop"], voices_per_word=200)
    background = [example for example in dataset.examples if example.label is None]
    assert len(background) == 200
    assert not {example.id.partition("/")[0] for example in background} & {"yes", "stop"}


def test_load_takes_words_from_the_line_or_a_file(tmp_path: Path) -> None:
    assert load_dataset("synthetic: Yes,no,turn  on").labels == ("yes", "no", "turn on")
    (tmp_path / "words.txt").write_text("yes\n\n  Turn on \nno\n")
    assert load_dataset(f"synthetic:{tmp_path / 'words.txt'}").labels == ("yes", "turn on", "no")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("yes", "at least two words to tell apart, got yes"),
        ("yes,no,yes", "'yes' is listed twice"),
        ("yes,!!", "expected words, got '!!'"),
        ("yes,__", "expected words, got '__'"),
        ("yes,нет", "expected Latin letters, got 'н' in 'нет'"),
        (" ,", "has an empty word"),
        ("yes,,no", "has an empty word"),
        ("words/none.txt", "no such file: expected a text file with one word a line"),
        ("none.txt", "no such file"),
    ],
)
def test_load_of_a_bad_list_is_one_clear_line(spec: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(f"synthetic:{spec}")


def test_load_of_a_binary_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="expected a text file"):
        load_dataset(f"synthetic:{tmp_path / 'words.txt'}")


def test_speak_words_refuses_more_voices_than_there_are() -> None:
    with pytest.raises(DataError, match="expected 1 to 832 voices a word, got 5000"):
        synthetic.speak_words(["yes", "no"], voices_per_word=5000)


@pytest.mark.parametrize("voice", ["xx", "en-us+nobody", "en-us+", "en-shaw"])
def test_say_refuses_an_unknown_voice(voice: str) -> None:
    with pytest.raises(DataError, match=r"no voice .*: expected one of en, en-029"):
        synthetic.say("seven", voice)


def test_say_refuses_what_makes_no_sound() -> None:
    with pytest.raises(DataError, match="espeak-ng cannot say ' '"):
        synthetic.say(" ")


def test_a_missing_package_names_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    synthetic.accents.cache_clear()
    with pytest.raises(MissingPackageError, match=r"synthetic speech needs .*pip install 'edgeasr\[train\]'"):
        load_dataset("synthetic")


def test_a_damaged_installation_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = pytest.importorskip("espeakng_loader")
    synthetic.say("one")  # fills the lists of voices
    monkeypatch.setattr(loader, "get_library_path", lambda: str(tmp_path / "none.so"))
    monkeypatch.setattr(synthetic, "_own_library", synthetic._own_library.__wrapped__)  # not the copy of before
    with pytest.raises(DataError, match="espeak-ng cannot be loaded"):
        synthetic.say("one")
    monkeypatch.undo()
    monkeypatch.setattr(loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(DataError, match="espeak-ng cannot read its data"):
        synthetic.say("one")
