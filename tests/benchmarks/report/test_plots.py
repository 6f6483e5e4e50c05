"""Axes, labels and fronts of the plots."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr_bench.report.plots import front
from edgeasr_bench.report.plots.svg import Axis, element, spread
from edgeasr_bench.report.score import Score

positive = st.floats(1e-2, 1e6)


def test_axis_puts_its_ends_where_they_belong():
    axis = Axis(10, 1000, 0, 100, logarithmic=True)
    assert [axis.at(value) for value in (10, 100, 1000)] == pytest.approx([0, 50, 100])
    assert Axis(1, 0, 0, 100).at(0.25) == pytest.approx(75)


@given(positive, st.floats(1.01, 1e5), st.booleans())
def test_axis_has_a_few_ticks_within_itself(low, times, logarithmic):
    ticks = Axis(low, low * times, 0, 1, logarithmic).ticks()
    assert 2 <= len(ticks) <= 8
    assert ticks == sorted(ticks)
    assert all(low * (1 - 1e-6) <= tick <= low * times * (1 + 1e-6) for tick in ticks)


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(50, 3000, 0, 1, logarithmic=True), [50, 100, 200, 500, 1000, 2000]),
        (Axis(45, 85, 0, 1, logarithmic=True), [50, 60, 70, 80]),
        (Axis(99.2, 94.8, 0, 1), [95, 96, 97, 98, 99]),
    ],
)
def test_axis_has_round_ticks(axis, ticks):
    assert axis.ticks() == pytest.approx(ticks)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=12))
def test_spread_keeps_labels_apart_and_in_order(places):
    moved = spread(places, 0, 200, gap=14)
    assert [moved[index] for index in np.argsort(places, kind="stable")] == sorted(moved)
    assert all(gap >= 14 - 1e-6 for gap in np.diff(sorted(moved)))
    assert min(moved) >= -1e-6
    assert max(moved) <= 200 + 1e-6


def test_spread_leaves_alone_what_is_apart():
    assert spread([10.0, 100.0, 50.0], 0, 200) == [10.0, 100.0, 50.0]


def test_front_is_what_no_other_one_beats(result):
    def scored(name, p50, accuracy, better_below=False):
        latency = replace(result.latency_us, p50=p50)
        return replace(result, artefact=name, latency_us=latency), Score("x", accuracy, 0, 100, better_below)

    found = front([scored("slow", 9, 90), scored("fast", 1, 80), scored("beaten", 5, 80), scored("middle", 5, 85)])
    assert [one.artefact for one, _ in found] == ["fast", "middle", "slow"]
    errors = front([scored("fast", 1, 20, True), scored("worse", 2, 30, True), scored("better", 3, 10, True)])
    assert [one.artefact for one, _ in errors] == ["fast", "better"]


def test_element_escapes_and_names_its_attributes():
    assert element("line", title="a < b", class_="grid", stroke_width=1.5, id='"') == (
        '<line class="grid" stroke-width="1.5" id="&quot;"><title>a &lt; b</title></line>'
    )
