"""Transcripts: what normalisation keeps, and what cannot be encoded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.decode.text import ALPHABET, CTC_LABELS, decode_ids, encode, frames_needed, normalise
from edgeasr.errors import DataError

TRANSCRIPTS = st.text(ALPHABET, min_size=1).filter(str.strip)


def test_labels_are_those_of_the_seed_and_the_blank_is_last() -> None:
    assert "".join(ALPHABET) == "' abcdefghijklmnopqrstuvwxyz"
    assert (*ALPHABET, "<blank>") == CTC_LABELS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello world"),
        ("  a\tb\n c\u00a0d ", "a b c d"),
        ("it’s don´t o`clock ʼtis ｄｏｎ＇ｔ", "it's don't o'clock 'tis don't"),
        ("Café naïve Zoë Straße", "cafe naive zoe strasse"),
        ("cafe\u0301", "cafe"),
        ("twenty-one—or so…no", "twenty one or so no"),
        ("“quoted” ''quoted'' «quoted»", "quoted quoted quoted"),
        ("rock ' roll '", "rock roll"),
        ("soft\u00adhyphen \ufeffmark", "softhyphen mark"),
        ("ﬁne İstanbul", "fine istanbul"),
        ("...", ""),
        ("", ""),
        ("7 & 50% €", "7 & 50% €"),
    ],
)
def test_normalise_writes_in_the_alphabet_what_can_be(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_normalise_changes_nothing_twice(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(TRANSCRIPTS)
def test_normalise_keeps_words_of_letters(text: str) -> None:
    words = text.replace("'", "").split()
    assert normalise(" ".join(words)) == " ".join(words)


@given(TRANSCRIPTS)
def test_decode_ids_reverses_encode(text: str) -> None:
    ids = encode(text, CTC_LABELS, "clip.wav")
    assert ids.dtype == np.int64
    assert ids.max() < len(CTC_LABELS) - 1
    assert decode_ids(ids, CTC_LABELS) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "clip.wav: expected a transcript, got an empty one"),
        ("  ", "clip.wav: expected a transcript, got an empty one"),
        ("room 7", "clip.wav: expected words, got '7' in the transcript: write numbers and signs as words"),
        ("salt & pepper", "got '&' in the transcript: write numbers and signs as words"),
        ("five €", "got '€'"),
        ("Hello", "expected a transcript in the characters .*, got 'H'"),
        ("привет", "clip.wav: expected a transcript in the characters .*, got 'п'"),
        ("<blank>", "got '<'"),
    ],
)
def test_encode_refuses_with_the_name_of_the_clip(text: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint) as caught:
        encode(text, CTC_LABELS, "clip.wav")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "frames"), [("a", 1), ("ab", 2), ("aa", 3), ("hello all", 11), ("aaa", 5)])
def test_frames_needed_counts_a_blank_between_equal_neighbours(text: str, frames: int) -> None:
    assert frames_needed(encode(text, CTC_LABELS, "clip.wav")) == frames


def test_frames_needed_of_nothing_is_none() -> None:
    assert frames_needed(np.zeros(0, np.int64)) == 0
