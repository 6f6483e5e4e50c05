"""Events against the truth, and the exact Poisson interval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.data.stream import SpokenWord
from edgeasr.errors import DataError
from edgeasr.metrics.detection import Detection, LabelDetection, detect_words, name_words, poisson_interval
from edgeasr.spot import Event

KEYWORDS = ("one", "two")


def detect(events: list, words: list, duration_s: float = 3600.0) -> Detection:
    heard = [Event(time_s, label, 0.9) for time_s, label in events]
    return detect_words(heard, [SpokenWord(*word) for word in words], KEYWORDS, duration_s)


def test_events_find_words_of_their_label_until_a_second_after_the_end() -> None:
    words = [(10.0, 10.5, "one"), (20.0, 20.5, "one"), (30.0, 30.5, "two"), (40.0, 40.5, "two")]
    found = detect([(9.99, "one"), (21.5, "one"), (30.0, "two"), (41.51, "two")], words)
    assert found.labels == {"one": LabelDetection(2, 1, 0, 1), "two": LabelDetection(2, 1, 0, 1)}
    assert (found.words, found.missed, found.false_accepts) == (4, 2, 2)
    assert found.miss_rate == 0.5
    assert found.latencies_s == pytest.approx((1.0, -0.5))
    assert found.background_s == pytest.approx(3600 - 4 * 1.5)
    assert found.false_accepts_per_hour == pytest.approx(2 * 3600 / 3594)


def test_another_label_in_the_time_of_a_word_confuses_it() -> None:
    words = [(10.0, 10.5, "one"), (20.0, 20.5, "one")]
    found = detect([(10.2, "two"), (11.2, "one"), (11.4, "two"), (11.6, "two"), (20.1, "two")], words)
    assert found.labels == {"one": LabelDetection(2, 1, 1, 0), "two": LabelDetection(0, 0, 0, 1)}
    assert (found.missed, found.confused, found.false_accepts) == (1, 1, 1)


def test_a_second_event_for_one_word_counts_for_nothing() -> None:
    found = detect([(10.2, "one"), (11.4, "one")], [(10.0, 10.5, "one")])
    assert (found.missed, found.false_accepts) == (0, 0)


def test_false_accepts_within_a_second_are_one_as_in_mlperf_tiny() -> None:
    found = detect([(5.0, "one"), (5.9, "one"), (6.1, "one"), (6.2, "two")], [])
    assert found.labels["one"].false_accepts == 2
    assert found.labels["two"].false_accepts == 1


def test_words_whose_times_overlap_are_found_one_by_one() -> None:
    words = [(10.0, 10.5, "one"), (10.8, 11.3, "one")]
    assert detect([(11.2, "one")], words).missed == 1
    assert detect([(10.6, "one"), (11.4, "one")], words).missed == 0


def test_background_is_what_no_word_covers_even_where_words_overlap() -> None:
    words = [(1.0, 4.0, "one"), (2.0, 2.5, "two"), (4.5, 4.6, "one"), (9.5, 9.8, "two"), (10.2, 10.3, "two")]
    assert detect([], words, duration_s=10.0).background_s == pytest.approx(10 - 4.6 - 0.5)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from(KEYWORDS)), max_size=30),
    st.lists(st.tuples(st.floats(0, 90), st.floats(0, 2), st.sampled_from(KEYWORDS)), max_size=10, unique=True),
)
def test_every_event_finds_a_word_or_is_false_or_repeats(events: list, spans: list) -> None:
    words = sorted((start, start + length, label) for start, length, label in spans)
    found = detect(sorted(events), words)
    assert found.words == len(words)
    assert len(found.latencies_s) == found.words - found.missed
    assert len(found.latencies_s) + found.false_accepts <= len(events)
    in_time = {event: [w for w in words if w[0] <= event[0] <= w[1] + 1] for event in events}
    taken = {w for event, own in in_time.items() if all(w[2] != event[1] for w in own) for w in own}
    assert found.confused <= len(taken) <= found.confused + found.missed
    assert (found.false_accepts > 0) == (not all(in_time.values()))


def test_a_stream_without_background_has_no_rate() -> None:
    with pytest.raises(DataError, match="expected background around the words"):
        detect([], [(0.0, 2.0, "one")], duration_s=2.0)


def test_latency_is_the_median_and_the_95th_percentile() -> None:
    words = [(10.0 * n, 10.0 * n + 0.5, "one") for n in range(1, 22)]
    delays_s = np.random.default_rng(0).uniform(0, 0.9, 21)
    found = detect([(word[1] + delay, "one") for word, delay in zip(words, delays_s.tolist(), strict=True)], words)
    assert found.latency_s == pytest.approx((np.median(delays_s), np.percentile(delays_s, 95)))
    assert detect([], words).latency_s is None
    assert detect([(10.6, "one")], words).latency_s == pytest.approx((0.1, 0.1))


def test_detection_says_what_it_counted() -> None:
    found = detect([(10.2, "one"), (10.9, "two"), (50.0, "two")], [(10.0, 10.5, "one"), (20.0, 20.5, "one")], 1803.0)
    assert str(found).splitlines() == [
        "missed 1 of 2 words: 50.0%  (95 % interval 9.5% to 90.5%)",
        "took 1 of those found for another word as well",
        "false accepts 1 in 0.50 hours: 2.00 an hour  (95 % interval 0.05 to 11.14)",
        "from the end of the word to the event: median -300 ms, 95 % within -300 ms",
    ]
    values = found.to_json()
    assert values["false_accepts_per_hour"]["value"] == pytest.approx(2)
    assert values["labels"]["two"] == {"words": 0, "missed": 0, "confused": 0, "false_accepts": 1}


@pytest.mark.parametrize("count", [0, 1, 2, 10, 100, 2000])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_poisson_interval_is_garwoods(count: int, confidence: float) -> None:
    chi2 = pytest.importorskip("scipy.stats").chi2
    tail = (1 - confidence) / 2
    expected = (chi2.ppf(tail, 2 * count) / 2 if count else 0.0, chi2.ppf(1 - tail, 2 * count + 2) / 2)
    assert poisson_interval(count, confidence) == pytest.approx(expected, rel=1e-9)


def test_poisson_interval_of_nothing_is_the_rule_of_three_with_both_tails() -> None:
    assert poisson_interval(0) == (0.0, pytest.approx(-math.log(0.025)))


def test_words_without_names_get_the_one_name_there_is() -> None:
    words = (SpokenWord(1, 2, ""), SpokenWord(3, 4, "marvin"))
    assert [word.label for word in name_words(words, ("marvin",))] == ["marvin", "marvin"]
    with pytest.raises(DataError, match="the truth does not name its words, and the model spots one, two"):
        name_words(words, KEYWORDS)
    with pytest.raises(DataError, match="the truth does not name its words, and the model spots nothing"):
        name_words(words, ())
    with pytest.raises(DataError, match="the truth has the word 'marvin': expected one of sheila"):
        name_words(words, ("sheila",))
