"""How the times of single calls are spread."""

from collections.abc import Sequence

from edgeasr_bench.record import BINS_PER_OCTAVE, Histogram, Result
from edgeasr_bench.report.plots.svg import LINE, WIDTH, Axis, colour, drawing, element, text, x_axis
from edgeasr_bench.report.tables import microseconds, short_name

__all__ = ["plot_distributions"]

_LEFT, _RIGHT, _TOP, _ROW, _HILL = 8.0, WIDTH - 8.0, 4.0, 54.0, 32.0
_SHOWN, _TOLD = ("p50", "p95", "p99"), ("max",)  # beside the name there is room for three


def plot_distributions(results: Sequence[Result]) -> str:
    """Draw the histogram of each result in a row of its own, all over the same times, up to beyond the largest p90."""
    lowest = min(_edge(result.latency.histogram, 0) for result in results)
    highest = max(result.latency.p90 for result in results)  # the tail beyond it is long, and told in figures
    axis = Axis(lowest / 1.05, 1.3 * max(highest, lowest), _LEFT, _RIGHT, logarithmic=True)
    bottom = _TOP + _ROW * len(results)
    parts = x_axis(axis, _TOP, bottom, "time of a call, µs; the lines are p50 and p95")
    for number, result in enumerate(results):
        base = _TOP + _ROW * (number + 1)
        latency = result.latency
        said = "  ".join(f"{name} {microseconds(latency, name)}" for name in _SHOWN)
        told = "  ".join(f"{name} {microseconds(latency, name)}" for name in (*_SHOWN, *_TOLD))
        title = f"{short_name(result.artefact)}, {latency.samples} calls: {told} µs"
        hill = element("path", d=_outline(latency.histogram, axis, base), class_="hill")
        lines = [
            element("line", x1=at, x2=at, y1=base, y2=base - _HILL, class_="whisker")
            for value in (latency.p50, latency.p95)
            if (at := axis.at(value)) <= _RIGHT
        ]
        parts.append(element("g", hill + "".join(lines), title=title, class_=colour(number)))
        parts.append(text(_LEFT, base - _HILL - 5, short_name(result.artefact)))
        parts.append(text(_RIGHT, base - _HILL - 5, f"{said} µs", "soft", "end"))
    return drawing(bottom + 2 * LINE + 8, "Histograms of the latency of single calls.", parts)


def _edge(histogram: Histogram, number: int) -> float:
    """Give the lower edge of a histogram's bin, in microseconds."""
    return float(2.0 ** ((histogram.first_bin + number) / BINS_PER_OCTAVE))


def _outline(histogram: Histogram, axis: Axis, base: float) -> str:
    """Draw a histogram on a base line, as high as a hill is, up to the end of the axis."""
    highest = max(histogram.counts)
    path = [f"M{axis.at(_edge(histogram, 0)):.1f} {base:g}"]
    for number, count in enumerate(histogram.counts):
        if _edge(histogram, number + 1) > axis.high:
            break
        end = axis.at(_edge(histogram, number + 1))
        path.append(f"V{base - _HILL * count / highest:.1f}H{end:.1f}")
    return "".join([*path, f"V{base:g}Z"])
