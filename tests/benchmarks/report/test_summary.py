"""A run in plain words."""

import pytest

from edgeasr.metrics.classification import Accuracy
from edgeasr_bench.record import Ratio
from edgeasr_bench.report import summarise


def test_summary_says_what_quantisation_brought(result, quantised, make_run):
    assert summarise(make_run(result, quantised())) == [
        "int8 TFLite is 1.72x faster than float32 here (1.60x to 1.80x), 3.7x smaller, "
        "and loses 0.3 points (not significant, p = 0.5)."
    ]


def test_summary_says_plainly_when_int8_is_slower(result, quantised, make_run):
    ratio = Ratio(result.artefact, 0.5, 0.4, 0.625)
    (line,) = summarise(make_run(result, quantised(ratio_to_float=ratio)))
    assert line.startswith(
        "int8 TFLite is SLOWER than float32 here: 2.00x the time (1.60x to 2.50x); it is 3.7x smaller"
    )


@pytest.mark.parametrize(("median", "low", "high"), [(1.01, 0.97, 1.05), (1.005, 1.001, 1.009), (0.99, 0.98, 0.999)])
def test_summary_calls_no_difference_what_is_none(result, quantised, make_run, median, low, high):
    ratio = Ratio(result.artefact, median, low, high)
    (line,) = summarise(make_run(result, quantised(ratio_to_float=ratio)))
    assert "is as fast as float32 here" in line


@pytest.mark.parametrize(
    ("accuracy", "p", "words"),
    [
        (0.93, 0.001, "loses 6.0 points (significant, p = 0.001)"),
        (0.995, 0.3, "gains 0.5 points (not significant, p = 0.3)"),
        (0.99, 1.0, "loses no accuracy"),
    ],
)
def test_summary_weighs_the_accuracy(result, quantised, make_run, accuracy, p, words):
    (line,) = summarise(
        make_run(result, quantised(accuracy=Accuracy(accuracy, 0.9, 1.0, round(1000 * accuracy), 1000), mcnemar_p=p))
    )
    assert words in line


def test_summary_is_silent_on_accuracy_without_clips(result, quantised, make_run):
    (line,) = summarise(make_run(result, quantised(accuracy=None, mcnemar_p=None, original=None)))
    assert line == "int8 TFLite is 1.72x faster than float32 here (1.60x to 1.80x) and 3.7x smaller."


def test_summary_shows_a_file_that_grew(result, quantised, make_run):
    (line,) = summarise(make_run(result, quantised(bytes=150_000)))
    assert "1.5x LARGER" in line


def test_summary_calls_a_file_of_the_same_size_that(result, quantised, make_run):
    (line,) = summarise(make_run(result, quantised(bytes=100_100)))
    assert ", the same size, and " in line


def test_summary_tells_two_models_apart(result, quantised, make_run):
    lines = summarise(make_run(result, quantised(), quantised(artefact="other.int8.tflite")))
    assert ["(ds-cnn.int8.tflite)" in lines[0], "(other.int8.tflite)" in lines[1]] == [True, True]


def test_summary_leaves_out_what_has_no_float_beside_it(quantised, make_run):
    assert summarise(make_run(quantised(ratio_to_float=None))) == []


def test_summary_says_with_how_many_threads_where_they_differ(result, quantised, make_run):
    more = {"threads": 2}
    two = quantised(ratio_to_float=Ratio(result.artefact, 1.1, 1.05, 1.15), bytes=50_000, **more)
    lines = summarise(make_run(result, quantised(), quantised(**vars(result) | more | {"bytes": 200_000}), two))
    assert lines[0].startswith("int8 TFLite with 1 thread is 1.72x faster than float32 here (1.60x to 1.80x), 3.7x")
    assert lines[1].startswith("int8 TFLite with 2 threads is 1.10x faster than float32 here (1.05x to 1.15x), 4.0x")


@pytest.mark.parametrize("kind", ["emulated", "estimated"])
def test_summary_is_silent_on_times_that_were_not_measured(result, quantised, make_run, kind):
    assert summarise(make_run(result, quantised(), kind=kind)) == [
        "int8 TFLite is 3.7x smaller, and loses 0.3 points (not significant, p = 0.5)."
    ]
