"""Statistics with known answers."""

import numpy as np
import pytest

from edgeasr_bench.record import BINS_PER_OCTAVE
from edgeasr_bench.stats import bootstrap_median, change_between, histogram, latency_us, speed_ratio, stretches_us


def test_latency_us_gives_percentiles_in_microseconds():
    latency = latency_us(np.arange(1, 102) * 1000)
    assert (latency.p50, latency.p90, latency.p95, latency.p99, latency.max) == (51, 91, 96, 100, 101)
    assert latency.samples == sum(latency.histogram.counts) == 101


def test_histogram_counts_each_time_in_the_bin_that_holds_it():
    times_us = np.exp(np.random.default_rng(0).uniform(-3, 12, 500))
    found = histogram((1000 * times_us).astype(np.int64))
    for number, count in enumerate(found.counts):
        low, high = (2 ** ((found.first_bin + edge) / BINS_PER_OCTAVE) for edge in (number, number + 1))
        assert count == np.sum(
            (times_us.astype(float) * 1000 // 1 >= 1000 * low) & (times_us * 1000 // 1 < 1000 * high)
        )


def test_histogram_of_a_clock_that_stood_still_has_a_bin():
    assert histogram(np.array([0, 1])).counts == (2,)


def test_stretches_are_the_rounds_of_a_short_run():
    assert stretches_us([np.array([1000, 2000, 9000]), np.array([3000])]) == (2, 3)


def test_stretches_of_a_long_run_are_at_most_200_and_forget_no_round():
    rounds = [np.full(3, 1000 * number) for number in range(1, 1001)]
    stretches = stretches_us(rounds)
    assert len(stretches) == 200
    assert stretches[:2] == (3, 8)  # five rounds each
    assert stretches[-1] == 998


def test_change_between_equal_runs_is_none():
    assert change_between([[2.0, 2.0, 2.0]], [[2.0, 2.0]]) == (1, 1, 1)


def test_change_between_runs_is_above_one_for_a_slower_one():
    assert change_between([[2.0, 2.0]], [[3.0]]) == (1.5, 1.5, 1.5)


def test_change_between_runs_as_shares_is_free_of_what_changed_for_both():
    assert change_between([[2.0, 2.0], [4.0, 4.0]], [[3.0], [5.0]]) == pytest.approx((1.2, 1.2, 1.2))


def test_change_between_runs_is_none_where_others_disturb_one_of_them_most_of_the_time():
    generator = np.random.default_rng(6)
    quiet = list(generator.uniform(50, 50.5, 100))
    busy = list(np.where(generator.random(100) < 0.7, 70, 50) * generator.uniform(1, 1.01, 100))
    change, low, high = change_between([quiet], [busy])
    assert change == pytest.approx(1, abs=0.01)
    assert 0.99 < low < high < 1.01


def test_change_between_covers_the_truth_where_neighbouring_rounds_are_alike():
    """Rounds that follow a slow wave, as those of a busy machine do: single draws would be far too sure."""
    generator = np.random.default_rng(3)

    def run():
        wave, steps = np.zeros(100), generator.normal(0, 0.02, 100)
        for index in range(1, 100):
            wave[index] = 0.6 * wave[index - 1] + steps[index]
        return list(50 * np.exp(wave))

    hits = 0
    for _ in range(100):
        _, low, high = change_between([run()], [run()], resamples=300)
        hits += low <= 1 <= high
    assert hits >= 88


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


@pytest.mark.parametrize("disturbed", [0.0, 0.4, 0.8])
def test_speed_ratio_stays_when_others_disturb_most_turns_and_not_both_workloads_alike(disturbed):
    generator = np.random.default_rng(4)

    def rounds(time, slower):
        return list(time * np.where(generator.random(100) < disturbed, slower, 1) * generator.uniform(1, 1.01, 100))

    ratio = speed_ratio("float", rounds(130, 1.2), rounds(100, 1.4))
    assert ratio.median == pytest.approx(1.3, rel=0.01)
    assert 1.28 < ratio.low <= ratio.median <= ratio.high < 1.32


def test_speed_ratio_is_free_of_drift_that_both_share():
    drift = np.exp(np.random.default_rng(2).standard_normal(40))
    ratio = speed_ratio("float", list(300 * drift), list(200 * drift))
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((1.5, 1.5, 1.5))
