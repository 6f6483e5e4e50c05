"""Greedy decoding, whole and in a stream, and the times of words."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.decode.ctc import GreedyDecoder, Word, align, greedy, words
from edgeasr.decode.text import CTC_LABELS, encode

LABELS = ("a", "b", " ", "<blank>")
PATHS = st.lists(st.integers(0, len(LABELS) - 1), max_size=30)


def scores_of(path: list[int]) -> np.ndarray:
    return np.eye(len(LABELS), dtype=np.float32)[path].reshape(-1, len(LABELS))


def collapse(path: list[int]) -> str:
    """Do by the definition what the decoder does: merge repeats, take out blanks."""
    return "".join(LABELS[label] for label, _ in itertools.groupby(path) if label != len(LABELS) - 1)


def test_greedy_reads_what_is_spelled(spell) -> None:
    assert greedy(spell("it's a small coffee"), CTC_LABELS) == "it's a small coffee"


def test_greedy_of_no_frames_is_empty() -> None:
    assert greedy(np.zeros((0, 29), np.float32), CTC_LABELS) == ""


@given(PATHS)
def test_greedy_merges_repeats_and_takes_out_blanks(path: list[int]) -> None:
    assert greedy(scores_of(path), LABELS) == " ".join(collapse(path).split())


@pytest.mark.parametrize("shape", [(5, 3), (5, 5), (4,), (1, 5, 4)])
def test_greedy_refuses_scores_of_other_labels(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected scores \[frames, 4\]"):
        greedy(np.zeros(shape, np.float32), LABELS)


@given(PATHS, st.lists(st.integers(0, 30), max_size=6))
def test_stream_gives_the_words_of_the_whole_however_it_is_cut(path: list[int], cuts: list[int]) -> None:
    scores = scores_of(path)
    decoder = GreedyDecoder(LABELS)
    found = [word for part in np.split(scores, sorted(cuts)) for word in decoder(part)] + decoder.finish()
    assert found == words(np.array(path, np.int64), LABELS)
    assert " ".join(word.text for word in found) == greedy(scores, LABELS)


def test_stream_gives_a_word_with_the_space_after_it() -> None:
    decoder = GreedyDecoder(LABELS)
    assert decoder(scores_of([0, 3, 1])) == []
    assert decoder.partial == "ab"
    assert decoder(scores_of([1, 2, 2, 0])) == [Word("ab", 0, 4)]
    assert decoder.partial == "a"
    assert decoder.finish() == [Word("a", 6, 7)]
    assert decoder.finish() == []


def test_stream_goes_on_after_finish_and_anew_after_reset() -> None:
    decoder = GreedyDecoder(LABELS)
    decoder(scores_of([0]))
    assert decoder.finish() == [Word("a", 0, 1)]
    assert decoder(scores_of([3, 1, 2])) == [Word("b", 2, 3)]
    decoder(scores_of([0, 0]))
    decoder.reset()
    assert decoder(scores_of([0, 2])) == [Word("a", 0, 1)]


@given(PATHS)
def test_words_lie_where_their_characters_are(path: list[int]) -> None:
    for word in words(np.array(path, np.int64), LABELS):
        assert collapse(path[word.start_frame : word.end_frame]) == word.text
        assert {path[word.start_frame], path[word.end_frame - 1]} <= {0, 1}


@given(st.integers(0, 10_000), st.lists(st.integers(0, 1), max_size=3), st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_align_finds_the_most_probable_path_of_a_text(seed: int, ids: list[int], frames: int) -> None:
    scores = np.random.default_rng(seed).dirichlet(np.ones(3), frames)
    text = "".join(LABELS[index] for index in ids)
    labels = [0, 1, 3]
    paths = [path for path in itertools.product(range(3), repeat=frames) if collapse([labels[p] for p in path]) == text]
    if not paths:
        with pytest.raises(ValueError, match=f"fits {frames} frames"):
            align(scores, np.array(ids, np.int64))
        return
    best = max(paths, key=lambda path: float(np.prod(scores[np.arange(frames), path])))
    assert align(scores, np.array(ids, np.int64)).tolist() == list(best)


def test_align_gives_the_times_of_words(spell) -> None:
    scores = spell("a cup")
    path = align(scores, encode("a cup", CTC_LABELS, "clip.wav"))
    assert words(path, CTC_LABELS) == [Word("a", 0, 1), Word("cup", 4, 9)]


def test_align_refuses_no_frames() -> None:
    with pytest.raises(ValueError, match="fits 0 frames"):
        align(np.zeros((0, 4)), np.zeros(0, np.int64))
