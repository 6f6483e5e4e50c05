"""The latency harness, on a clock that the contestants themselves move."""

import gc
import time
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr_bench.latency import MAX_ROUNDS, MIN_ROUNDS, Contestant, measure, order_of_round, warm_up
from edgeasr_bench.stats import speed_ratio


class Machine:
    """A clock in nanoseconds, and contestants that take a known time on it, times the slowness just then."""

    def __init__(self, slowness=lambda now: 1.0):
        self.now, self.slowness, self.calls = 0, slowness, []

    def clock(self):
        return self.now

    def contestant(self, name, call_ns, inputs=(0,)):
        def run(value):
            self.calls.append((name, value))
            self.now += round(call_ns * self.slowness(self.now))

        return Contestant(run, inputs)


def test_measure_recovers_the_times():
    machine = Machine()
    slow, fast = measure(
        [machine.contestant("slow", 300_000), machine.contestant("fast", 100_000)], 1, clock=machine.clock
    )
    assert set(slow.samples_ns) == {300_000}
    assert set(fast.medians_ns) == {100_000}
    assert slow.settled


def test_measure_gives_everyone_about_the_same_time():
    machine = Machine()
    timings = measure(
        [machine.contestant("slow", 5_000_000), machine.contestant("fast", 50_000)], 2, clock=machine.clock
    )
    spent = [timing.samples_ns.sum() for timing in timings]
    assert spent[0] == pytest.approx(spent[1], rel=0.1)
    assert sum(spent) == pytest.approx(2e9, rel=0.1)
    assert len(timings[0].rounds) == len(timings[1].rounds)


def test_measure_runs_the_contestants_in_the_order_of_the_rounds():
    machine = Machine()
    timings = measure([machine.contestant(name, 1_000_000) for name in "abc"], 0.9, clock=machine.clock)
    rounds = ["abc"[index] for number in range(len(timings[0].rounds)) for index in order_of_round(number, 3)]
    turns = [name for name, _ in groupby(name for name, _ in machine.calls)]
    assert turns == [name for name, _ in groupby(["a", "b", "c", *rounds])]  # after the warm-up of each


def test_measure_cancels_the_drift_of_the_machine():
    machine = Machine(slowness=lambda now: 1 + 2 * abs((now / 2e9) % 2 - 1))  # up to three times as slow
    plain, quick = measure(
        [machine.contestant("plain", 200_000), machine.contestant("quick", 125_000)], 4, clock=machine.clock
    )
    assert max(plain.samples_ns) > 1.5 * min(plain.samples_ns)
    ratio = speed_ratio("plain", plain.medians_ns, quick.medians_ns)
    assert ratio.median == pytest.approx(1.6, rel=0.01)
    assert ratio.high - ratio.low < 0.05


def test_measure_takes_the_inputs_in_turn():
    machine = Machine()
    measure([machine.contestant("a", 2_000_000, inputs=(0, 1, 2))], 0.5, clock=machine.clock)
    values = np.array([value for _, value in machine.calls])
    assert np.bincount(values).min() > len(values) / 4


@pytest.mark.parametrize("call_ns", [1_000, 10_000_000_000])
def test_measure_is_bounded_for_the_quickest_and_the_slowest(call_ns):
    machine = Machine()
    (timing,) = measure([machine.contestant("a", call_ns)], 1, clock=machine.clock)
    assert MIN_ROUNDS <= len(timing.rounds) <= MAX_ROUNDS
    assert machine.now < 4e9 or len(machine.calls) <= MIN_ROUNDS + 3


def test_measure_stops_when_the_machine_becomes_slower():
    machine = Machine(slowness=lambda now: 1 if now < 1e9 else 50)
    (timing,) = measure([machine.contestant("a", 1_000_000)], 2, clock=machine.clock)
    assert machine.now < 7e9
    assert len(timing.rounds) >= MIN_ROUNDS


def test_measure_reports_its_progress():
    machine, shares = Machine(), []
    measure([machine.contestant("a", 1_000_000)], 0.1, clock=machine.clock, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_measure_keeps_the_garbage_collector_out_and_puts_it_back():
    states = []
    measure([Contestant(lambda _: states.append(gc.isenabled()), (0,))], 0.01)
    assert not any(states)
    assert gc.isenabled()


def test_measure_puts_the_garbage_collector_back_after_an_error():
    def fail(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure([Contestant(fail, (0,))], 0.01)
    assert gc.isenabled()


def test_measure_recovers_a_ratio_on_the_real_clock():
    def busy(duration_ns):
        end = time.perf_counter_ns() + duration_ns
        while time.perf_counter_ns() < end:
            pass

    plain, quick = measure([Contestant(busy, (400_000,)), Contestant(busy, (200_000,))], 0.5)
    assert speed_ratio("plain", plain.medians_ns, quick.medians_ns).median == pytest.approx(2, rel=0.15)


@given(st.integers(1, 6))
@settings(deadline=None, max_examples=6)
def test_order_of_round_gives_everyone_every_place(contestants):
    orders = [order_of_round(number, contestants) for number in range(2 * contestants)]
    assert all(sorted(order) == list(range(contestants)) for order in orders)
    for place in range(contestants):
        assert sorted(order[place] for order in orders) == sorted([*range(contestants)] * 2)


def test_order_of_round_runs_nobody_always_after_the_same_one():
    followers = {pair for number in range(6) for pair in pairwise(order_of_round(number, 3))}
    assert followers == {(0, 1), (1, 0), (1, 2), (2, 1), (2, 0), (0, 2)}


def test_warm_up_lasts_until_the_time_settles():
    machine = Machine(slowness=lambda now: max(1.0, 5 - now / 1e8))
    call_ns, settled = warm_up(machine.contestant("a", 1_000_000), machine.clock)
    assert settled
    assert call_ns == pytest.approx(1_000_000, rel=0.1)
    assert machine.now > 3e8


def test_warm_up_gives_up_on_a_time_that_never_settles():
    machine = Machine(slowness=lambda now: 1 + now / 1e8)
    _, settled = warm_up(machine.contestant("a", 1_000_000), machine.clock)
    assert not settled
    assert machine.now < 3e9
