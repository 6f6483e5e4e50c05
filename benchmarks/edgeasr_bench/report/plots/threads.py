"""What more threads bring."""

from collections.abc import Sequence

from edgeasr_bench.record import Result
from edgeasr_bench.report.plots.svg import LINE, WIDTH, Axis, colour, drawing, element, spread, text, y_axis
from edgeasr_bench.report.tables import microseconds, short_name

__all__ = ["plot_threads"]

_TOP, _BOTTOM, _LEFT, _RIGHT = 24.0, 220.0, 52.0, WIDTH - 130.0


def plot_threads(series: Sequence[Sequence[Result]]) -> str:
    """Draw the median latency over the number of threads, from zero.

    Args:
        series: for each artefact its results, at least two, the fewest threads first.
    """
    counts = sorted({result.threads for results in series for result in results})
    highest = max(result.latency.p50 for results in series for result in results)
    x = Axis(counts[0], counts[-1], _LEFT + 8, _RIGHT - 8, logarithmic=True)
    y = Axis(0, 1.05 * highest, _BOTTOM, _TOP)
    parts = y_axis(y, _LEFT, _RIGHT, "median latency, µs")
    parts += [text(x.at(count), _BOTTOM + LINE, str(count), "soft", "middle") for count in counts]
    parts.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 2 * LINE + 2, "threads", "soft", "middle"))
    ends = spread([y.at(results[-1].latency.p50) + 4 for results in series], _TOP, _BOTTOM)
    for number, (results, end) in enumerate(zip(series, ends, strict=True)):
        places = [(x.at(result.threads), y.at(result.latency.p50)) for result in results]
        parts.append(
            element("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in places), class_=f"line {colour(number)}")
        )
        for result, (across, up) in zip(results, places, strict=True):
            title = f"{short_name(result.artefact)}, {result.threads} threads: {microseconds(result.latency_us)} us"
            parts.append(element("circle", title=title, cx=across, cy=up, r=4, class_=f"point {colour(number)}"))
        parts.append(text(_RIGHT + 2, end, short_name(results[0].artefact), f"label {colour(number)}"))
    return drawing(_BOTTOM + 36, "Median latency over the number of threads.", parts)
