"""What changed between two runs."""

from dataclasses import replace

import pytest

from edgeasr.errors import DataError
from edgeasr.metrics.classification import Accuracy
from edgeasr_bench.regression import compare_runs, differences


def test_compare_runs_gives_the_change_of_what_both_have(result, quantised, make_run):
    slower = quantised(rounds_us=(63.8, 64.9, 64.9, 66.0), accuracy=Accuracy(0.97, 0.96, 0.98, 970, 1000), sha256="0")
    changes = compare_runs(make_run(result, quantised()), make_run(slower, quantised(artefact="new.tflite")))
    (change,) = changes
    assert (change.artefact, change.runtime, change.threads) == ("ds-cnn.int8.tflite", "tflite", 1)
    assert change.low_percent <= change.percent == 10 <= change.high_percent
    assert change.accuracy_points == pytest.approx(-1.7)
    assert not change.same_file


def test_compare_runs_of_the_same_is_no_change(result, make_run):
    (change,) = compare_runs(make_run(result), make_run(result))
    assert (change.percent, change.accuracy_points, change.same_file) == (0, 0, True)


def test_compare_runs_by_ratio_is_free_of_what_slows_down_both(result, quantised, make_run):
    def slowed(one, times):
        return replace(one, rounds_us=tuple(times * value for value in one.rounds_us))

    before = make_run(result, quantised())
    (same,) = compare_runs(before, make_run(slowed(result, 1.5), slowed(quantised(), 1.5)), "ratio")
    assert (same.artefact, same.percent) == ("ds-cnn.int8.tflite", 0)
    (slower,) = compare_runs(before, make_run(slowed(result, 1.5), slowed(quantised(), 1.8)), "ratio")
    assert slower.percent == pytest.approx(20)
    with pytest.raises(DataError, match="no artefact in common to compare by ratio"):
        compare_runs(make_run(result), make_run(result), "ratio")


def test_compare_runs_leaves_the_keras_original_out(result, make_run):
    run = make_run(replace(result, artefact="model.keras", runtime="keras"), result)
    assert [change.artefact for change in compare_runs(run, run)] == [result.artefact]


def test_compare_runs_compares_no_accuracies_of_other_clips(result, make_run):
    other = replace(result, accuracy=Accuracy(0.5, 0.4, 0.6, 5, 10))
    (change,) = compare_runs(make_run(result), make_run(other))
    assert change.accuracy_points is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"cpu": "B"}, "cpu is A CPU . with a bar before and B after"),
        ({"cores": 4}, "cores is 2 before and 4 after"),
        ({"governor": "powersave"}, "governor is None before and powersave after"),
    ],
)
def test_compare_runs_refuses_unequal_machines(result, make_run, change, complaint):
    run = make_run(result)
    with pytest.raises(DataError, match=f"unequal conditions: {complaint}"):
        compare_runs(run, replace(run, environment=replace(run.environment, **change)))


def test_compare_runs_refuses_another_target(result, make_run):
    with pytest.raises(DataError, match="target is local before and ssh://pi after"):
        compare_runs(make_run(result), make_run(result, target="ssh://pi"))


@pytest.mark.parametrize("kinds", [("measured", "emulated"), ("estimated", "estimated")])
def test_compare_runs_refuses_times_that_were_not_measured(result, make_run, kinds):
    with pytest.raises(DataError, match=f"its times are {kinds[1]}"):
        compare_runs(*(make_run(result, kind=kind) for kind in kinds))


def test_compare_runs_does_not_compare_other_threads(result, make_run):
    with pytest.raises(
        DataError, match=r"no artefact in common to compare by time: .*\(1 thread\) before, .*\(2 threads\) after"
    ):
        compare_runs(make_run(result), make_run(replace(result, threads=2)))


def test_differences_are_what_might_explain_a_change(result, make_run):
    run = make_run(result)
    here = replace(run.environment, packages={"numpy": "3.0"}, time_utc="later", load_average=9.0, git_sha="x")
    assert differences(run, replace(run, environment=here)) == [
        "load average: 0.25 before, 9.0 after",
        "packages: numpy 2.4.6 before, numpy 3.0 after",
    ]
