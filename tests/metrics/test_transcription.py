"""Word and character error rates, their intervals, and the worst utterances."""

import json

import numpy as np
import pytest

from edgeasr.errors import DataError
from edgeasr.metrics.transcription import compare, transcription, worst

UTTERANCES = [
    compare("a", "a large latte", "a large latte"),
    compare("b", "a small latte with milk", "small latte with the milk"),
    compare("c", "one espresso", "an espresso"),
]


def test_compare_counts_the_edits() -> None:
    _, second, third = UTTERANCES
    assert (second.substitutions, second.deletions, second.insertions, second.errors, second.words) == (0, 1, 1, 2, 5)
    assert (third.substitutions, third.errors, third.words) == (1, 1, 2)
    assert (third.character_errors, third.characters) == (2, 12)  # "one" to "an"


def test_compare_takes_an_empty_hypothesis_for_words_missed() -> None:
    missed = compare("a", "a large latte", "")
    assert (missed.deletions, missed.errors, missed.character_errors) == (3, 3, 13)


def test_compare_ignores_the_width_of_white_space() -> None:
    assert compare("a", " a  large latte", "a large  latte ").character_errors == 0


@pytest.mark.parametrize("reference", ["", "  "])
def test_compare_refuses_an_empty_reference_by_its_name(reference: str) -> None:
    with pytest.raises(DataError, match=r"orders/7\.ogg: expected a transcript to compare with, got an empty one"):
        compare("orders/7.ogg", reference, "a latte")


def test_transcription_divides_errors_by_words() -> None:
    result = transcription(UTTERANCES)
    assert (result.wer, result.words, result.utterances) == (3 / 10, 10, 3)
    assert (result.substitutions, result.deletions, result.insertions) == (1, 1, 1)
    errors, characters = (2 + 4) + 2, 13 + 23 + 12
    assert result.cer == errors / characters
    assert result.wer_low <= result.wer <= result.wer_high
    assert result.cer_low <= result.cer <= result.cer_high


def test_interval_is_that_of_the_seed_and_none_without_variation() -> None:
    assert transcription(UTTERANCES, seed=1) == transcription(UTTERANCES, seed=1)
    alike = transcription([UTTERANCES[1]] * 20)
    assert (alike.wer_low, alike.wer_high) == (alike.wer, alike.wer)


def test_interval_agrees_with_the_normal_one_on_many_utterances() -> None:
    wrong, right = compare("w", "a b c d", "a b c x"), compare("r", "a b c d", "a b c d")
    result = transcription([wrong] * 300 + [right] * 700)
    half = 1.96 * np.sqrt(0.3 * 0.7 / 1000) / 4
    assert result.wer == pytest.approx(0.075)
    assert result.wer_high - result.wer == pytest.approx(half, rel=0.15)
    assert result.wer - result.wer_low == pytest.approx(half, rel=0.15)


def test_rate_exceeds_one_where_words_are_made_up() -> None:
    assert transcription([compare("a", "yes", "a b c")]).wer == 3


def test_result_is_shown_and_given_as_json() -> None:
    result = transcription(UTTERANCES)
    assert str(result).startswith("WER 30.00%  (95 % interval ")
    assert str(result).splitlines()[1].startswith("CER 16.67%  (95 % interval ")
    assert str(result).splitlines()[2] == "10 words in 3 utterances: 1 substituted, 1 deleted, 1 inserted"
    assert json.loads(json.dumps(result.to_json()))["wer"] == result.wer


def test_worst_lists_the_highest_rates_first() -> None:
    assert [item.name for item in worst(UTTERANCES)] == ["c", "b"]
    assert [item.name for item in worst(UTTERANCES, 1)] == ["c"]
