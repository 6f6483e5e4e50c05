import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.spot.decoder import Decoder, is_keyword

LABELS = ("_unknown_", "one", "two")


def decide(decoder, scores, position=0):
    return decoder(np.array(scores, np.float32), position)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((0.1, 0.8, 0.1), 1),
        ((0.0, 0.1, 0.9), 2),
        ((0.1, 0.7, 0.2), None),  # under the threshold
        ((0.9, 0.05, 0.05), None),  # not a keyword
    ],
)
def test_decoder_reports_the_best_keyword_at_the_threshold(scores, expected):
    assert decide(Decoder(LABELS, 0.75, 100), scores) == expected


def test_decoder_reports_no_keyword_that_a_hidden_label_beats():
    assert decide(Decoder(LABELS, 0.3, 100), (0.6, 0.4, 0.0)) is None


def test_decoder_holds_a_label_back_for_its_refractory_time_only():
    decoder = Decoder(LABELS, 0.5, 100)
    one, two = (0.0, 0.9, 0.1), (0.0, 0.1, 0.9)
    assert decide(decoder, one, 50) == 1
    assert decide(decoder, two, 60) == 2  # another label is free
    assert decide(decoder, one, 149) is None
    assert decide(decoder, one, 150) == 1


def test_decoder_reset_forgets_the_refractory_time():
    decoder = Decoder(LABELS, 0.5, 100)
    assert decide(decoder, (0, 1, 0), 0) == 1
    decoder.reset()
    assert decide(decoder, (0, 1, 0), 0) == 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 2), max_size=60), st.integers(0, 500))
def test_decoder_events_of_a_label_keep_their_distance(best, refractory):
    decoder = Decoder(LABELS, 0.5, refractory)
    last: dict[int, int] = {}
    for step, label in enumerate(best):
        position = 100 * step
        if (found := decide(decoder, np.eye(3)[label], position)) is not None:
            assert found == label != 0
            assert position - last.get(label, -refractory) >= refractory
            last[label] = position


def test_only_words_are_keywords():
    labels = ("_silence_", "_unknown_", "silence", "unknown", "_background_", "yes", "silent")
    assert [label for label in labels if is_keyword(label)] == ["yes", "silent"]


def test_decoder_takes_the_threshold_of_the_label():
    decoder = Decoder(LABELS, 0.8, 0, {"two": 0.4})
    assert decide(decoder, (0.1, 0.7, 0.2)) is None
    assert decide(decoder, (0.2, 0.3, 0.5)) == 2


def test_decoder_waits_for_the_score_to_fall_below_the_hysteresis():
    decoder = Decoder(LABELS, 0.8, 0, hysteresis=0.5)
    scores = (0.9, 0.95, 0.7, 0.9, 0.41, 0.9, 0.39, 0.9, 0.9)
    heard = [decide(decoder, (0.0, score, 0.0), step) for step, score in enumerate(scores)]
    assert heard == [1, None, None, None, None, None, None, 1, None]


def test_decoder_hysteresis_is_each_labels_own():
    decoder = Decoder(LABELS, 0.8, 0, hysteresis=0.1)
    assert decide(decoder, (0.0, 0.9, 0.9)) == 1
    assert decide(decoder, (0.0, 0.85, 0.9)) == 2


def test_decoder_needs_the_minimum_count_in_turn():
    decoder = Decoder(LABELS, 0.5, 100, minimum_count=3)
    one, two, none = (0.0, 0.9, 0.1), (0.0, 0.1, 0.9), (0.9, 0.1, 0.0)
    given_scores = (one, one, none, one, one, two, one, one, one, one)
    heard = [decide(decoder, row, step) for step, row in enumerate(given_scores)]
    assert heard == [None] * 8 + [1, None]
    decoder.reset()
    assert [decide(decoder, one, step) for step in range(3)] == [None, None, 1]
