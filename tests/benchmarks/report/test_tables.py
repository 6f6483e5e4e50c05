"""The texts of tables."""

from dataclasses import replace

from edgeasr_bench.report import SPEED, cost_of, describe, explain, rows


def test_rows_show_numbers_whole(result, quantised, make_run):
    assert rows(SPEED, [result, quantised()]) == [
        ["59.0", "120.0", "54.0", "150.0", "1.00 (1.00-1.00)"],
        ["59.0", "120.0", "54.0", "150.0", "1.72 (1.60-1.80)"],
    ]
    large = quantised(bytes=25_123_456)
    assert rows(cost_of(make_run(large)), [large]) == [["98.7 (97.7-99.3)", "100.0", "25123.5", "60", "120"]]


def test_rows_show_long_times_without_decimals(result, quantised):
    slow = quantised(latency_us=replace(result.latency_us, p50=612345.6, p99=912345.6))
    assert rows(SPEED[:2], [slow]) == [["612346", "912346"]]


def test_rows_show_what_was_not_measured_as_a_dash_and_leave_out_what_nothing_has(quantised, make_run):
    bare = quantised(accuracy=None, agreement=None, ratio_to_float=None, latency_with_frontend_us=None)
    cost = cost_of(make_run(quantised(), bare))
    assert [row.count("-") for row in (*rows(SPEED, [bare]), *rows(cost, [bare]))] == [2, 2]
    alone = cost_of(make_run(bare))
    assert {head for head, _ in cost} - {head for head, _ in alone} == {"accuracy %", "agree"}


def test_describe_names_each_runtime_once_with_its_threads(result, quantised, make_run):
    other = quantised(runtime_version="keras 3.15.0 (tensorflow, CPU)", threads=2)
    run = make_run(result, quantised(), other)
    assert describe(run.environment, run.results) == [
        "A CPU | with a bar, 2 cores, load 0.2, Some Linux 12, Python 3.11.7",
        "ai-edge-litert 2.3.0, 1 thread; keras 3.15.0 (tensorflow, CPU), 2 threads",
    ]


def test_explain_gives_the_time_of_the_front_end_where_there_is_one(result, quantised, make_run):
    lines = explain(make_run(result, quantised()))
    assert lines[0].startswith("call us: ")
    assert "the front end alone 90.0 us" in lines[1]
    assert "alone" not in "".join(explain(make_run(quantised(frontend_us=None))))
