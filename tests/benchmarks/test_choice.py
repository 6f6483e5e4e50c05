"""The choice of what to ship."""

import dataclasses

import pytest

from edgeasr.errors import ConfigError
from edgeasr.metrics.classification import Accuracy
from edgeasr_bench.choice import QUANTITIES, choose, read_conditions


@pytest.fixture
def timed(result, quantised):
    """Give a function that makes an int8 result that takes so long, with changes."""

    def make(us, **changes):
        return quantised(
            latency_us=dataclasses.replace(result.latency_us, p50=us), rounds_us=(us, us, 2 * us, 2 * us), **changes
        )

    return make


def test_choose_takes_the_fastest_that_meets_all_conditions(make_run, result, timed):
    quick, small = timed(20.0, artefact="quick", bytes=25_123_456), timed(30.0, artefact="small")
    keras = timed(1.0, artefact="model.keras", runtime="keras")
    chosen = choose(make_run(keras, result, quick, small), read_conditions("accuracy_drop<=0.5, bytes<=200k"))
    assert (chosen.artefact, chosen.runtime, chosen.threads) == ("small", "tflite", 1)
    assert chosen.conditions == "accuracy_drop<=0.5,bytes<=200k"
    assert chosen.reason == (
        "30 us where disturbed least: the least of 2 that meet the conditions; "
        "then 58.3 of ds-cnn.float32.tflite (tflite, 1 thread)"
    )
    assert chosen.excluded == ("quick (tflite, 1 thread): bytes is 25,123,456, asked for bytes<=200k",)


def test_choose_says_of_each_which_condition_excludes_it(make_run, result, timed):
    chosen = choose(make_run(result, timed(30.0)), read_conditions("accuracy_drop<=0.1,bytes<=27k,cpu_percent<=5"))
    assert (chosen.artefact, chosen.runtime, chosen.threads) == (None, None, None)
    assert chosen.reason == "none of 2 meets all conditions"
    assert chosen.excluded == (
        "ds-cnn.float32.tflite (tflite, 1 thread): bytes is 100,000, asked for bytes<=27k; "
        "cpu_percent is not known, asked for cpu_percent<=5",
        "ds-cnn.int8.tflite (tflite, 1 thread): accuracy_drop is 0.3, asked for accuracy_drop<=0.1; "
        "cpu_percent is not known, asked for cpu_percent<=5",
    )


@pytest.mark.parametrize(("two_threads_us", "threads"), [(48.0, 1), (40.0, 2)])
def test_choose_takes_more_threads_where_they_bring_something(make_run, timed, two_threads_us, threads):
    run = make_run(timed(50.0), timed(two_threads_us, threads=2))
    chosen = choose(run, read_conditions("bytes<=200k"))
    assert chosen.threads == threads
    assert ("less than 5 % better" in chosen.reason) == (threads == 1)


def test_choose_goes_by_instructions_or_size_where_no_time_was_measured(make_run, timed):
    large, small = timed(20.0, artefact="large", bytes=2000), timed(30.0, artefact="small", bytes=1000)
    conditions = read_conditions("bytes<=200k")
    assert choose(make_run(large, small, kind="emulated"), conditions).artefact == "small"
    counted = [dataclasses.replace(large, instructions=100), dataclasses.replace(small, instructions=200)]
    assert choose(make_run(*counted, kind="emulated"), conditions).artefact == "large"
    late = choose(make_run(large, kind="emulated"), read_conditions("p50_us<=1000"))
    assert late.excluded == ("large (tflite, 1 thread): p50_us is not known, asked for p50_us<=1000",)


def test_choose_compares_with_the_original_without_rounding_errors(make_run, result, quantised):
    original = dataclasses.replace(result, accuracy=Accuracy(0.965, 0.95, 0.97, 965, 1000))
    int8 = quantised(accuracy=Accuracy(0.96, 0.95, 0.97, 960, 1000))
    assert QUANTITIES["accuracy_drop"](make_run(original, int8), int8) == 0.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bytes<200k", "expected conditions such as"),
        ("", "expected conditions such as"),
        ("bytes<=200k,", "expected conditions such as"),
        ("bytes<=many", "expected conditions such as"),
        ("beauty>=1", "unknown quantity 'beauty': expected one of accuracy, accuracy_drop, "),
    ],
)
def test_conditions_that_cannot_be_understood_are_an_error(text, complaint):
    with pytest.raises(ConfigError, match=complaint):
        read_conditions(text)
