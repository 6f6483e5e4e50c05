"""Classification measures against scipy, scikit-learn and answers known from elsewhere."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.metrics.classification import accuracy_interval, confusion_matrix, mcnemar_p, per_class

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)
COUNTS = st.tuples(*[st.integers(0, 400)] * 4)


def correct_vectors(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.repeat([True, True, False, False], [both, first, second, neither]),
        np.repeat([True, False, True, False], [both, first, second, neither]),
    )


@given(PAIRS)
@settings(deadline=None, max_examples=60)
def test_confusion_matrix_is_that_of_sklearn(pairs):
    targets, predictions = np.array(pairs).T
    expected = sklearn.metrics.confusion_matrix(targets, predictions, labels=range(5))
    assert np.array_equal(confusion_matrix(targets, predictions, 5), expected)


def test_confusion_matrix_takes_no_clips():
    none = np.zeros(0, np.int64)
    assert confusion_matrix(none, none, 3).tolist() == [[0] * 3] * 3


@pytest.mark.parametrize(("targets", "predictions"), [([0, 3], [0, 0]), ([0, 1], [0, -1]), ([0], [0, 1])])
def test_confusion_matrix_refuses_what_it_cannot_count(targets, predictions):
    with pytest.raises(ValueError, match="expected"):
        confusion_matrix(np.array(targets), np.array(predictions), 3)


def test_confusion_matrix_counts_small_integer_types_without_overflow():
    targets = np.full(3, 99, np.int8)
    assert confusion_matrix(targets, targets, 100)[99, 99] == 3


@given(PAIRS)
@settings(deadline=None, max_examples=60)
def test_per_class_is_that_of_sklearn(pairs):
    targets, predictions = np.array(pairs).T
    expected = sklearn.metrics.precision_recall_fscore_support(targets, predictions, labels=range(5), zero_division=0)
    report = per_class(confusion_matrix(targets, predictions, 5), "abcde")
    assert list(report) == list("abcde")
    found = [(item.precision, item.recall, item.f1, item.support) for item in report.values()]
    assert np.allclose(np.array(found).T, np.array(expected))


@given(
    st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.9, 0.95]),
)
@settings(deadline=None, max_examples=60)
def test_accuracy_interval_is_wilsons(counts, confidence):
    expected = scipy.stats.binomtest(*counts).proportion_ci(confidence, method="wilson")
    low, high = accuracy_interval(*counts, confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


def test_accuracy_interval_of_nothing_is_everything():
    assert accuracy_interval(0, 0) == (0, 1)


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (1, 0)])
def test_accuracy_interval_refuses_impossible_counts(counts):
    with pytest.raises(ValueError, match="correct"):
        accuracy_interval(*counts)


@given(COUNTS)
@settings(deadline=None, max_examples=80)
def test_mcnemar_p_is_the_two_sided_binomial_test(counts):
    first, second = correct_vectors(*counts)
    discordant = counts[1] + counts[2]
    expected = scipy.stats.binomtest(counts[1], discordant).pvalue if discordant else 1.0
    assert mcnemar_p(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_p(second, first) == mcnemar_p(first, second)


@pytest.mark.parametrize(("first", "second"), [(5000, 5000), (4800, 5200), (0, 3000), (30000, 29000)])
def test_mcnemar_p_stays_exact_for_thousands(first, second):
    expected = scipy.stats.binomtest(first, first + second).pvalue
    assert mcnemar_p(*correct_vectors(3, first, second, 3)) == pytest.approx(expected, rel=1e-8)


def test_mcnemar_p_refuses_different_clips():
    with pytest.raises(ValueError, match="same clips"):
        mcnemar_p(np.ones(3, bool), np.ones(4, bool))
