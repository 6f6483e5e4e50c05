"""A phrase in many voices, and what sounds near to it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("espeakng_loader")

from edgeasr.audio.clip import Clip
from edgeasr.data import load_dataset
from edgeasr.data.phrase import neighbour, neighbours, spoken_form
from edgeasr.data.synthetic import phonemes, say
from edgeasr.errors import DataError

_COMPUTER = [["k", "@", "m", "p", "j", "'u:", "t#", "3"]]


def test_phonemes_are_given_word_by_word() -> None:
    assert phonemes("hey robin. computer") == [["h", "'eI"], ["r", "'0", "b", "I", "n"], *_COMPUTER]


def test_phonemes_spoken_are_the_word() -> None:
    by_phonemes, by_text = say("[[k|@|m|p|j|'u:|t#|3]]"), say("computer")
    assert by_phonemes.duration_s == pytest.approx(by_text.duration_s, abs=0.02)


@given(st.integers(0, 10_000))
def test_neighbour_has_the_rhythm_of_the_phrase_and_other_sounds(seed: int) -> None:
    said = neighbour(_COMPUTER, Random(seed)).strip("[]").split("|")
    assert len(said) == len(_COMPUTER[0])
    changed = sum(one != other for one, other in zip(said, _COMPUTER[0], strict=True))
    assert 3 <= changed <= 7
    assert [one[0] == "'" for one in said] == [one[0] == "'" for one in _COMPUTER[0]]  # the stress stays


def test_neighbours_can_be_spoken() -> None:
    for text in neighbours("hey robin", 3):
        assert say(text, "en-us+f3").duration_s > 0.3


def test_phrase_has_voices_in_one_split_each_and_says_other_things_too() -> None:
    dataset = load_dataset("phrase:Hey  Robin")
    assert dataset.labels == ("hey robin",)
    for split in ("train", "dev", "test"):
        labels = [example.label for example in dataset.of_split(split)]
        assert labels.count("hey robin") > 40
        assert labels.count(None) > 10
    speakers: dict[str, set[str]] = {}
    for example in dataset.examples:
        speakers.setdefault(example.speaker, set()).add(example.split)
    assert all(len(splits) == 1 for splits in speakers.values())
    assert isinstance(dataset.examples[0].read(), Clip)


def test_phrase_never_says_itself_in_a_sentence() -> None:
    texts = [example.read.args[0] for example in load_dataset("phrase:thank you").examples if example.label is None]  # type: ignore[attr-defined]
    assert not any("thank you" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Hey  Robin!", "hey robin"),
        ("hey, robin...", "hey robin"),
        ('"What’s up?"', "what's up"),
        ("'ok-go'?", "ok-go"),
    ],
)
def test_spoken_form_leaves_letters_and_no_punctuation(text: str, phrase: str) -> None:
    assert spoken_form(text) == phrase
    assert load_dataset(f"phrase:{text}").labels == (phrase,)


@given(st.text(max_size=80))
def test_spoken_form_is_letters_or_refused_and_does_not_change_again(text: str) -> None:
    try:
        phrase = spoken_form(text)
    except DataError:
        return
    assert set(phrase) <= set("abcdefghijklmnopqrstuvwxyz' -")
    assert spoken_form(phrase) == phrase


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        (" ", "expected a word or phrase"),
        ("oh", "has 1 phoneme, expected at least 3"),
        ("...", "expected a word or phrase"),
        ("привет", "expected a phrase of letters from a to z, got 'п' in 'привет': write it as English would"),
        ("größe", "got 'ö' in 'größe'"),
        ("route 66", r"got '6' in 'route 66': .* numbers as words \(forty two\)"),
        ("[[h|'eI]]", r"got '\['"),
        ("x" * 61, "at most 60 characters"),
    ],
)
def test_phrase_that_cannot_be_spotted_is_refused(phrase: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(f"phrase:{phrase}")
