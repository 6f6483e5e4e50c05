"""The record of a study: its JSON comes back as it was, and the middle of its trials is the middle."""

import json
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgeasr.config import from_mapping
from edgeasr_bench.study.record import Record, Result, Score, Trial, best_first
from edgeasr_bench.study.spec import Paper

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=7)


def result(name: str, scores: list[float]) -> Result:
    def trial(seed: int, value: float) -> Trial:
        return Trial(seed, "", Score(value, value, value), 1.0, 1, 1, 1.0, None, ({"loss": 1.0},))

    return Result(name, "ds-cnn", {}, {}, Paper(), "", tuple(trial(seed, value) for seed, value in enumerate(scores)))


def test_record_survives_json(record: Callable[..., Record]) -> None:
    made = record(showcase={"run": "b", "seed": 1, "transcripts": [["yes", "no"]]}, pictures={"clip": "clip.png"})
    assert from_mapping(Record, json.loads(made.to_json()), "study.json") == made


@given(SHARES)
def test_median_trial_is_never_better_than_the_median(scores: list[float]) -> None:
    for measure, worse in (("accuracy", lambda value: value <= median(scores)), ("WER", lambda v: v >= median(scores))):
        kind: Any = measure
        trial = result("x", scores).median_trial(kind)
        assert trial is not None
        assert trial.score is not None
        assert worse(trial.score.value)
        assert sum(score <= trial.score.value for score in scores) >= len(scores) / 2 - 0.5


@given(SHARES, SHARES)
def test_best_first_puts_high_accuracy_and_low_error_rate_first(first: list[float], second: list[float]) -> None:
    results = [result("a", first), result("b", second), result("untrained", [])]
    by_accuracy = [median(found.scores) for found in best_first(results, "accuracy")]
    assert by_accuracy == sorted((median(first), median(second)), reverse=True)
    assert [median(found.scores) for found in best_first(results, "WER")] == sorted(by_accuracy)


def test_results_of_a_section_are_in_its_order(record: Callable[..., Record]) -> None:
    made = record()
    section = replace(made.sections[0], runs=("b", "a-2"))
    assert [found.name for found in made.of_section(section)] == ["b", "a-2"]
