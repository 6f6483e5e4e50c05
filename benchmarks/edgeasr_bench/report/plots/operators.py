"""Where the time of an inference goes."""

from edgeasr_bench.profile import Operator
from edgeasr_bench.record import Result
from edgeasr_bench.report.plots.svg import LINE, WIDTH, Axis, colour, drawing, element, text
from edgeasr_bench.report.tables import short_name

__all__ = ["plot_operators"]

_ROW, _BAR = 32.0, 12.0
_MOST = 10  # kinds; those after them are summed up


def plot_operators(result: Result) -> str:
    """Draw the time of each kind of operator of a result that has a profile as a bar, the slowest first."""
    shown = list(result.operators[:_MOST])
    if rest := result.operators[_MOST:]:
        shown.append(Operator("others", sum(one.calls for one in rest), sum(one.us for one in rest)))
    total = sum(operator.us for operator in shown)
    axis = Axis(0, max(operator.us for operator in shown), 0, WIDTH)
    parts = []
    for number, operator in enumerate(shown):
        top = number * _ROW
        title = f"{operator.name}: {operator.calls} calls, {operator.us:.1f} µs"
        said = f"{operator.us:.1f} µs, {operator.us / total:.0%}"
        parts += [
            text(0, top + LINE, f"{operator.name} × {operator.calls}"),
            text(WIDTH, top + LINE, said, "soft", "end"),
            element(
                "rect",
                title=title,
                x=0,
                y=top + LINE + 3,
                width=axis.at(operator.us),
                height=_BAR,
                class_=f"bar {colour(0)}",
            ),
        ]
    return drawing(len(shown) * _ROW, f"Time of the operators of {short_name(result.artefact)}.", parts)
