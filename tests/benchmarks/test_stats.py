"""Statistics with known answers."""

import numpy as np
import pytest

from edgeasr_bench.stats import bootstrap_median, latency_us, speed_ratio


def test_latency_us_gives_percentiles_in_microseconds():
    latency = latency_us(np.arange(1, 102) * 1000)
    assert (latency.p50, latency.p95, latency.p99, latency.samples) == (51, 96, 100, 101)


def test_bootstrap_median_of_one_value_is_that_value():
    assert bootstrap_median(np.array([3.5])) == (3.5, 3.5, 3.5)


def test_bootstrap_median_covers_the_true_median_about_as_often_as_it_says():
    generator = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        _, low, high = bootstrap_median(generator.standard_normal(50), resamples=300)
        hits += low <= 0 <= high
    assert 0.90 <= hits / 300 <= 0.99


def test_bootstrap_median_gives_the_same_bounds_for_the_same_values():
    values = np.random.default_rng(1).standard_normal(30)
    assert bootstrap_median(values) == bootstrap_median(values)


def test_speed_ratio_is_above_one_for_the_faster_one():
    ratio = speed_ratio("float", [200.0, 400.0, 300.0], [100.0, 200.0, 150.0])
    assert (ratio.baseline, ratio.median, ratio.low, ratio.high) == ("float", 2, 2, 2)


def test_speed_ratio_is_free_of_drift_that_both_share():
    drift = np.exp(np.random.default_rng(2).standard_normal(40))
    ratio = speed_ratio("float", list(300 * drift), list(200 * drift))
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((1.5, 1.5, 1.5))
