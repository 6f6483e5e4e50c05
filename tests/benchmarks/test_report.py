"""What a run looks like to people."""

import pytest

from edgeasr.metrics.classification import Accuracy
from edgeasr_bench.record import Latency, Ratio
from edgeasr_bench.report import COST, SPEED, describe, explain, markdown, rows, summarise


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


def test_rows_show_numbers_whole(result, quantised):
    assert rows(SPEED, [result, quantised()]) == [
        ["59.0", "80.0", "120.0", "150.0", "1.00 (1.00-1.00)"],
        ["59.0", "80.0", "120.0", "150.0", "1.72 (1.60-1.80)"],
    ]
    assert rows(COST, [quantised(bytes=25_123_456)]) == [["98.7 (97.7-99.3)", "100.0", "25123.5", "60", "120"]]


def test_rows_show_long_times_without_decimals(quantised):
    slow = quantised(latency_us=Latency(612345.6, 712345.6, 912345.6, 10))
    assert rows(SPEED[:3], [slow]) == [["612346", "712346", "912346"]]


def test_rows_show_what_was_not_measured_as_a_dash(quantised):
    bare = quantised(accuracy=None, agreement=None, ratio_to_float=None, latency_with_frontend_us=None)
    assert [row.count("-") for row in (*rows(SPEED, [bare]), *rows(COST, [bare]))] == [2, 2]


def test_describe_names_each_runtime_once_with_its_threads(result, quantised, make_run):
    other = quantised(runtime_version="keras 3.15.0 (tensorflow, CPU)", threads=2)
    run = make_run(result, quantised(), other)
    assert describe(run.environment, run.results) == [
        "A CPU | with a bar, 2 cores, load 0.2, Some Linux 12, Python 3.11.7",
        "ai-edge-litert 2.3.0, 1 thread; keras 3.15.0 (tensorflow, CPU), 2 threads",
    ]


def test_explain_gives_the_time_of_the_front_end_where_there_is_one(result, quantised):
    assert "the front end alone 90.0 us" in explain([result, quantised()])[0]
    assert "alone" not in "".join(explain([quantised(frontend_us=None)]))


def test_markdown_has_summary_table_environment_and_command(result, quantised, make_run):
    text = markdown(make_run(result, quantised(notes=("mind this",))), "edgeasr bench digits")
    assert "- int8 TFLite is 1.72x faster" in text
    assert "- ds-cnn.int8.tflite: mind this" in text
    assert "- a note on the run" in text
    assert "| cpu | A CPU / with a bar |" in text
    assert "| git sha | not known |" in text
    assert "```sh\nedgeasr bench digits\n```" in text
    table = [line for line in text.splitlines() if line.startswith("| ")]
    header = next(line for line in table if "p50 us" in line)
    row = next(line for line in table if "`ds-cnn.int8.tflite`" in line)
    assert header.count("|") == row.count("|")
    assert "| 59.0 | 80.0 | 120.0 | 150.0 | 1.72 (1.60-1.80) | 98.7 (97.7-99.3) |" in row
