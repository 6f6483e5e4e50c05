"""Results from measurements that were made up: no model is needed for them."""

import dataclasses

import numpy as np
import pytest

from edgeasr_bench.comparison import compare
from edgeasr_bench.latency import Timing
from edgeasr_bench.measurement import Answers, Measurement
from edgeasr_bench.memory import Footprint

TARGETS = np.array([0, 1, 2, 0, 1, 2])


def timing(*medians_us, settled=True):
    return Timing(tuple(np.full(5, 1000 * median_us, np.int64) for median_us in medians_us), settled)


@pytest.fixture
def measurement():
    """Give a function that makes the measurement of an artefact: float32 TFLite unless told otherwise."""

    def make(artefact, predictions=TARGETS, **changes):
        answers = None if predictions is None else Answers(np.array(predictions), TARGETS)
        plain = Measurement(
            artefact=artefact,
            runtime="tflite",
            runtime_version="ai-edge-litert 2.3.0",
            scheme="float32",
            threads=1,
            bytes=100,
            sha256="file",
            model_sha256="model",
            footprint=Footprint(10.0, 1.0, 1000),
            answers=answers,
            inference=timing(100, 200),
            with_frontend=timing(150, 250),
            frontend=timing(50, 50),
        )
        return dataclasses.replace(plain, **changes)

    return make


def test_compare_puts_speed_beside_the_same_runtime_and_answers_beside_keras(measurement):
    results = compare(
        [
            measurement("int8", [0, 1, 2, 0, 1, 0], scheme="int8", inference=timing(50, 100)),
            measurement("full", [0, 1, 2, 0, 0, 0]),
            measurement("original", runtime="keras", inference=timing(9000, 9000)),
        ]
    )
    int8 = results[0]
    assert int8.ratio_to_float.baseline == "full"
    assert int8.ratio_to_float.median == 2
    assert (int8.accuracy.correct, int8.accuracy.n) == (5, 6)
    assert {result.original for result in results} == {"original"}
    assert int8.agreement == pytest.approx(5 / 6)
    assert int8.mcnemar_p == 1
    assert (int8.latency_us.p50, int8.latency_with_frontend_us.p50, int8.frontend_us.p50) == (75, 200, 50)
    assert (int8.sha256, int8.model_sha256) == ("file", "model")
    assert int8.notes == ()


def test_compare_knows_no_kin_of_a_file_without_a_card(measurement):
    foreign = measurement("foreign", model_sha256=None, scheme="unknown")
    (result, _) = compare([foreign, measurement("other", model_sha256=None)])
    assert result.ratio_to_float is result.original is result.agreement is None
    assert result.notes == ("no ratio: the file does not say which model it comes from",)


@pytest.mark.parametrize("changes", [{"model_sha256": "another"}, {"runtime": "onnxruntime"}, {"scheme": "float16"}])
def test_compare_gives_no_ratio_to_what_is_not_the_baseline(measurement, changes):
    result, _ = compare([measurement("int8", scheme="int8"), measurement("other", **changes)])
    assert result.ratio_to_float is None
    assert result.notes == (
        "no ratio: no float32 artefact of the same model was benched in tflite: bench the bundle, or give both files",
    )


def test_compare_takes_no_original_that_saw_other_clips(measurement):
    other = measurement("full", answers=Answers(TARGETS[:3], TARGETS[:3]))
    result, _ = compare([measurement("int8", scheme="int8"), other])
    assert result.original is result.agreement is result.mcnemar_p is None
    assert result.ratio_to_float.baseline == "full"


def test_compare_says_when_a_time_did_not_settle(measurement):
    (result,) = compare([measurement("full", inference=timing(100, settled=False))])
    assert result.notes == ("its time did not settle in the warm-up: the machine is busy or slow",)
