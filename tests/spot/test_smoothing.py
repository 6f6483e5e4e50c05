import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgeasr.spot.smoothing import SMOOTHERS, ExponentialSmoother, MaxSmoother, MeanSmoother

scores = arrays(np.float32, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(0, 1, width=32))


@settings(deadline=None, max_examples=50)
@given(scores, st.integers(1, 8))
def test_smoother_is_the_mean_of_the_last_scores_with_zeros_before(given_scores, inferences):
    smooth = MeanSmoother(inferences, 3)
    got = np.array([smooth(row) for row in given_scores])
    padded = np.concatenate([np.zeros((inferences - 1, 3)), given_scores])
    expected = np.array([padded[i : i + inferences].mean(axis=0) for i in range(len(given_scores))])
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_smoother_gives_each_mean_its_own_memory():
    smooth = MeanSmoother(2, 1)
    first = smooth(np.array([1.0], np.float32))
    smooth(np.array([1.0], np.float32))
    assert first[0] == 0.5


@settings(deadline=None, max_examples=50)
@given(scores, st.integers(1, 8))
def test_max_smoother_is_the_highest_of_the_last_scores(given_scores, inferences):
    smooth = MaxSmoother(inferences, 3)
    got = [smooth(row) for row in given_scores]
    expected = [given_scores[max(0, i + 1 - inferences) : i + 1].max(axis=0) for i in range(len(given_scores))]
    np.testing.assert_array_equal(got, expected)


@settings(deadline=None, max_examples=50)
@given(scores, st.integers(1, 8))
def test_exponential_smoother_is_the_sum_with_falling_weights(given_scores, inferences):
    smooth, weight = ExponentialSmoother(inferences, 3), 2 / (inferences + 1)
    got = np.array([smooth(row) for row in given_scores])
    weights = weight * (1 - weight) ** np.arange(len(given_scores))
    expected = [weights[i::-1] @ given_scores[: i + 1] for i in range(len(given_scores))]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_exponential_smoother_is_as_late_as_the_mean():
    ramp = np.arange(200, dtype=np.float32)[:, None]
    exponential, mean = ExponentialSmoother(5, 1), MeanSmoother(5, 1)
    assert [smooth(row) for row in ramp for smooth in (exponential, mean)][-2:] == pytest.approx([197, 197], abs=1e-3)


@pytest.mark.parametrize("kind", SMOOTHERS)
def test_smoother_of_one_inference_passes_scores_through(kind):
    smooth = SMOOTHERS[kind](1, 2)
    smooth(np.array([1.0, 0.0], np.float32))
    assert smooth(np.array([0.25, 0.75], np.float32)).tolist() == [0.25, 0.75]


@pytest.mark.parametrize("kind", SMOOTHERS)
def test_smoother_reset_is_as_new(kind):
    used, new = SMOOTHERS[kind](3, 2), SMOOTHERS[kind](3, 2)
    for value in (0.1, 0.9):
        used(np.full(2, value, np.float32))
    used.reset()
    for value in (0.3, 0.7, 0.2, 0.8):
        row = np.full(2, value, np.float32)
        np.testing.assert_array_equal(used(row), new(row))
