"""The latency harness, on a clock that the workloads themselves move."""

import gc
import time
from collections import Counter
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr_bench import latency
from edgeasr_bench.latency import MIN_ROUNDS, Workload, count_in_windows, order_of_round, time_in_turns, warm_up
from edgeasr_bench.stats import speed_ratio


class Machine:
    """A clock in nanoseconds, and workloads that take a known time on it, times the slowness just then."""

    def __init__(self, slowness=lambda now: 1.0):
        self.now, self.slowness, self.calls = 0, slowness, []

    def clock(self):
        return self.now

    def workload(self, name, call_ns, inputs=(0,)):
        def run(value):
            self.calls.append((name, value))
            self.now += round(call_ns * self.slowness(self.now))

        return Workload(run, inputs)


def test_time_in_turns_recovers_the_times():
    machine = Machine()
    slow, fast = time_in_turns(
        [machine.workload("slow", 300_000), machine.workload("fast", 100_000)], 1, clock=machine.clock
    )
    assert set(slow.samples_ns) == {300_000}
    assert set(fast.medians_ns) == {100_000}
    assert slow.settled


@pytest.mark.parametrize("seconds", [0.5, 20])
def test_time_in_turns_gives_each_the_time_asked_for(seconds):
    machine = Machine()
    calls_ns = (9_000_000, 5_000_000, 50_000)
    timings = time_in_turns([machine.workload(call_ns, call_ns) for call_ns in calls_ns], seconds, clock=machine.clock)
    asked = Counter(name for name, _ in machine.calls)
    for call_ns, timing in zip(calls_ns, timings, strict=True):
        assert call_ns * asked[call_ns] == pytest.approx(seconds * 1e9, rel=0.2, abs=1e8)  # with the warm-up
        assert len(timing.rounds) == len(timings[0].rounds) >= MIN_ROUNDS


def test_time_in_turns_runs_the_workloads_in_the_order_of_the_rounds():
    machine = Machine()
    timings = time_in_turns([machine.workload(name, 1_000_000) for name in "abc"], 0.9, clock=machine.clock)
    rounds = ["abc"[index] for number in range(len(timings[0].rounds)) for index in order_of_round(number, 3)]
    turns = [name for name, _ in groupby(name for name, _ in machine.calls)]
    assert turns == [name for name, _ in groupby(["a", "b", "c", *rounds])]  # after the warm-up of each


def test_time_in_turns_cancels_the_drift_of_the_machine():
    machine = Machine(slowness=lambda now: 1 + 2 * abs((now / 2e9) % 2 - 1))  # up to three times as slow
    plain, quick = time_in_turns(
        [machine.workload("plain", 200_000), machine.workload("quick", 125_000)], 4, clock=machine.clock
    )
    assert max(plain.samples_ns) > 1.5 * min(plain.samples_ns)
    ratio = speed_ratio("plain", plain.medians_ns, quick.medians_ns)
    assert ratio.median == pytest.approx(1.6, rel=0.01)
    assert ratio.high - ratio.low < 0.05


def test_time_in_turns_takes_the_inputs_in_turn():
    machine = Machine()
    time_in_turns([machine.workload("a", 2_000_000, inputs=(0, 1, 2))], 0.5, clock=machine.clock)
    values = np.array([value for _, value in machine.calls])
    assert np.bincount(values).min() > len(values) / 4


def test_time_in_turns_asks_the_slowest_no_more_often_than_it_must():
    machine = Machine()
    (timing,) = time_in_turns([machine.workload("a", 10_000_000_000)], 1, clock=machine.clock)
    assert len(timing.rounds) == MIN_ROUNDS
    assert len(machine.calls) <= MIN_ROUNDS + 3


def test_time_in_turns_keeps_no_more_samples_than_fit(monkeypatch):
    monkeypatch.setattr(latency, "MAX_SAMPLES", 1000)
    machine = Machine(slowness=lambda now: 1 + now / 1e12)  # so that every time is another
    (timing,) = time_in_turns([machine.workload("a", 100_000)], 2, clock=machine.clock)
    assert 900 <= len(timing.samples_ns) <= 1000
    assert len(timing.rounds) == pytest.approx(200, rel=0.05)


def test_time_in_turns_leaves_out_the_first_call_of_several():
    machine = Machine()
    (timing,) = time_in_turns([machine.workload("a", 1_000_000)], 0.1, clock=machine.clock)
    assert {len(samples) for samples in timing.rounds} == {9}  # of ten milliseconds


def test_time_in_turns_stops_in_time_when_the_machine_becomes_slower():
    machine = Machine(slowness=lambda now: 1 if now < 1e9 else 50)
    (timing,) = time_in_turns([machine.workload("a", 1_000_000)], 4, clock=machine.clock)
    assert machine.now == pytest.approx(4e9, rel=0.2)
    assert len(timing.rounds) >= MIN_ROUNDS


def test_time_in_turns_reports_its_progress():
    machine, shares = Machine(), []
    time_in_turns([machine.workload("a", 1_000_000)], 0.1, clock=machine.clock, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_time_in_turns_keeps_the_garbage_collector_out_and_puts_it_back():
    states = []
    time_in_turns([Workload(lambda _: states.append(gc.isenabled()), (0,))], 0.01)
    assert not any(states)
    assert gc.isenabled()


def test_time_in_turns_puts_the_garbage_collector_back_after_an_error():
    def fail(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        time_in_turns([Workload(fail, (0,))], 0.01)
    assert gc.isenabled()


def test_time_in_turns_recovers_a_ratio_on_the_real_clock():
    def busy(duration_ns):
        end = time.perf_counter_ns() + duration_ns
        while time.perf_counter_ns() < end:
            pass

    plain, quick = time_in_turns([Workload(busy, (400_000,)), Workload(busy, (200_000,))], 0.5)
    assert speed_ratio("plain", plain.medians_ns, quick.medians_ns).median == pytest.approx(2, rel=0.15)


@given(st.integers(1, 6))
@settings(deadline=None, max_examples=6)
def test_order_of_round_gives_everyone_every_place(workloads):
    orders = [order_of_round(number, workloads) for number in range(2 * workloads)]
    assert all(sorted(order) == list(range(workloads)) for order in orders)
    for place in range(workloads):
        assert sorted(order[place] for order in orders) == sorted([*range(workloads)] * 2)


def test_count_in_windows_gives_the_median_of_five_windows_of_a_clip_each():
    machine = Machine(slowness=lambda now: 2 if now < 1e9 else 1)  # slow in the first two windows, one of each
    one, two = count_in_windows(
        [machine.workload("one", 10_000_000, inputs=(0, 1, 2, 3, 4)), machine.workload("two", 20_000_000)],
        window_s=0.5,
        clock=machine.clock,
    )
    assert one.per_second == (50, 100, 100, 100, 100)
    assert two.per_second == (25, 50, 50, 50, 50)
    assert (one.median, one.window_s) == (100, 0.5)
    assert {value for name, value in machine.calls if name == "one"} == {0, 1, 2, 3, 4}


def test_count_in_windows_counts_at_least_ten_calls():
    machine, shares = Machine(), []
    (slow,) = count_in_windows(
        [machine.workload("slow", 1_000_000_000)], window_s=0.5, clock=machine.clock, progress=shares.append
    )
    assert len(machine.calls) == 5 * 10
    assert slow.median == 1
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_order_of_round_runs_nobody_always_after_the_same_one():
    followers = {pair for number in range(6) for pair in pairwise(order_of_round(number, 3))}
    assert followers == {(0, 1), (1, 0), (1, 2), (2, 1), (2, 0), (0, 2)}


def test_warm_up_lasts_until_the_time_settles():
    machine = Machine(slowness=lambda now: max(1.0, 5 - now / 1e8))
    call_ns, settled = warm_up(machine.workload("a", 1_000_000), machine.clock)
    assert settled
    assert call_ns == pytest.approx(1_000_000, rel=0.1)
    assert machine.now > 3e8


def test_warm_up_gives_up_on_a_time_that_never_settles():
    machine = Machine(slowness=lambda now: 1 + now / 1e8)
    _, settled = warm_up(machine.workload("a", 1_000_000), machine.clock)
    assert not settled
    assert machine.now < 3e9
