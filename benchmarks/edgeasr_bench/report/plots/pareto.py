"""Accuracy against latency against size."""

import math
from collections.abc import Sequence

from edgeasr_bench.record import Result
from edgeasr_bench.report.plots.svg import (
    LINE,
    WIDTH,
    Axis,
    colour,
    drawing,
    element,
    text,
    x_axis,
    y_axis,
)
from edgeasr_bench.report.score import Score
from edgeasr_bench.report.tables import microseconds, short_name

__all__ = ["front", "plot_pareto"]

_TOP, _BOTTOM, _LEFT, _RIGHT = 24.0, 250.0, 42.0, WIDTH - 8.0
_SMALLEST, _LARGEST = 4.0, 15.0  # radius

Scored = tuple[Result, Score]


def front(scored: Sequence[Scored]) -> list[Scored]:
    """Give the results that no other one beats: each is faster than all that are as good, and better than all faster.

    Args:
        scored: results with their scores.

    Returns:
        The fastest first.
    """
    best: list[Scored] = []
    for result, score in sorted(scored, key=lambda one: (one[0].latency.p50, -one[1].goodness)):
        if not best or score.goodness > best[-1][1].goodness:
            best.append((result, score))
    return best


def plot_pareto(scored: Sequence[Scored], originals: Sequence[Score] = ()) -> str:
    """Draw results as circles whose area is the size of the file, and a line along the front.

    Args:
        scored: results of one run and one number of threads, with scores of one kind, at least one.
        originals: of the Keras originals, each drawn as a line where it is of that kind too.
    """
    results, scores = [result for result, _ in scored], [score for _, score in scored]
    levels = [original for original in originals if original.name == scores[0].name]
    bounds = [bound for score in scores for bound in (score.low, score.high)] + [level.value for level in levels]
    room = max(0.05 * (max(bounds) - min(bounds)), 0.5)
    low, high = max(0.0, min(bounds) - room), max(bounds) + room
    falling = scores[0].better_below
    y = Axis(high if falling else low, low if falling else min(high, 101.0), _BOTTOM, _TOP)
    times = [result.latency.p50 for result in results]
    x = Axis(min(times) / 1.25, max(times) * 1.25, _LEFT, _RIGHT, logarithmic=True)
    parts = [*x_axis(x, _TOP, _BOTTOM, "median latency, µs"), *y_axis(y, _LEFT, _RIGHT, f"{scores[0].name}, %")]
    for level in levels:
        height = y.at(level.value)
        title = f"Keras original: {level}"
        parts.append(element("line", title=title, x1=_LEFT, x2=_RIGHT, y1=height, y2=height, class_="reference"))
        parts.append(text(_RIGHT, _TOP - 6, "- - Keras original", "soft", "end"))
    best = front(scored)
    corners = [(x.at(result.latency.p50), y.at(score.value)) for result, score in best]
    parts.append(element("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in corners), class_="front"))
    largest = max(result.bytes for result in results)
    for number, (result, score) in enumerate(scored):
        at, radius = x.at(result.latency.p50), max(_SMALLEST, _LARGEST * math.sqrt(result.bytes / largest))
        row = _BOTTOM + 40 + LINE * (number + 1)
        said = f"{microseconds(result.latency_us)} µs, {score.value:.1f} %, {result.bytes / 1000:.1f} kB"
        marks = [
            element("line", x1=at, x2=at, y1=y.at(score.low), y2=y.at(score.high), class_="whisker"),
            element("circle", cx=at, cy=y.at(score.value), r=radius, class_="point"),
        ]
        title = f"{short_name(result.artefact)}: {said}"
        parts.append(element("g", "".join(marks), title=title, class_=colour(number)))
        parts.append(element("circle", cx=_LEFT, cy=row - 4, r=4, class_=f"point {colour(number)}"))
        class_ = "ink strong" if (result, score) in best else "ink"
        parts += [text(_LEFT + 10, row, short_name(result.artefact), class_), text(_RIGHT, row, said, "soft", "end")]
    height = _BOTTOM + 48 + LINE * len(scored)
    return drawing(height, "Accuracy against latency; the area of a circle is the size of the file.", parts)
