"""What every plot is made of: elements, axes, labels that keep off each other.

A plot is 400 units wide, which a phone shows as they are. Colours are classes, `s0` to `s5` for what is compared and
`ink`, `soft` and `grid` for the rest; the page gives them their colours, light or dark.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LINE", "SERIES", "WIDTH", "Axis", "colour", "drawing", "element", "spread", "text", "x_axis", "y_axis"]

WIDTH = 400
LINE = 14  # of text, from one to the next
SERIES = 6  # colours

_FEW, _MANY = 3, 7  # ticks


@dataclass(frozen=True)
class Axis:
    """A scale: values from `low` to `high` lie at `start` to `end`.

    Attributes:
        low, high: values at its ends; `low` may be the greater one.
        start, end: their places.
        logarithmic: whether equal ratios are equally far apart.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Give the place of a value."""
        low, high, value = (math.log(x) if self.logarithmic else x for x in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Give round values along it: of a long logarithmic axis 1, 2, 5 of each decade or 1 only, else equal steps."""
        low, high = sorted((self.low, self.high))
        if self.logarithmic:
            decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for digits in ((1, 2, 5), (1,)):
                found = [digit * 10.0**power for power in decades for digit in digits]
                found = [value for value in found if low <= value <= high]
                if _FEW <= len(found) <= _MANY:
                    return found
        step = 10.0 ** math.floor(math.log10((high - low) / _FEW))
        step *= next(digit for digit in (1, 2, 5, 10) if (high - low) / (digit * step) <= _MANY - 1)
        return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def colour(number: int) -> str:
    """Give the class of what is compared, by its number."""
    return f"s{number % SERIES}"


def element(tag: str, content: str = "", title: str = "", **attributes: str | float) -> str:
    """Write an element; `class_` is its class, `_` stands for `-`, `title` is shown when the mouse is on it."""
    written = "".join(f' {name.rstrip("_").replace("_", "-")}="{_plain(value)}"' for name, value in attributes.items())
    hover = f"<title>{html.escape(title)}</title>" if title else ""
    return f"<{tag}{written}>{hover}{content}</{tag}>"


def text(x: float, y: float, content: str, class_: str = "ink", anchor: str = "start") -> str:
    """Write a text, which begins, ends (`end`) or has its middle (`middle`) at x."""
    return element("text", html.escape(content), x=x, y=y, class_=class_, text_anchor=anchor)


def drawing(height: float, label: str, parts: Sequence[str]) -> str:
    """Put parts together to a plot; the label says what it shows to those who cannot see it."""
    box = f"0 0 {WIDTH} {height:g}"
    return element("svg", "\n".join(parts), viewBox=box, role="img", aria_label=label)


def x_axis(axis: Axis, top: float, bottom: float, label: str, unit: float = 1) -> list[str]:
    """Draw the grid and the figures of an axis from left to right, its values in `unit`, and its label below."""
    parts = []
    for value in axis.ticks():
        x = axis.at(value)
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        parts.append(text(x, bottom + LINE, f"{value / unit:g}", "soft", "middle"))
    return [*parts, text((axis.start + axis.end) / 2, bottom + 2 * LINE + 2, label, "soft", "middle")]


def y_axis(axis: Axis, left: float, right: float, label: str) -> list[str]:
    """Draw the grid and the figures of an axis from bottom to top, and its label above."""
    parts = [text(0, LINE - 3, label, "soft")]
    for value in axis.ticks():
        y = axis.at(value)
        parts.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(text(left - 5, y + 4, f"{value:g}", "soft", "end"))
    return parts


def spread(places: Sequence[float], low: float, high: float, gap: float = LINE) -> list[float]:
    """Move places apart until none is nearer than `gap` to the next, within `low` to `high` as far as there is room."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    last = low - gap
    for index in order:
        last = moved[index] = max(moved[index], last + gap)
    limit = max(high, low + gap * (len(places) - 1))
    for index in reversed(order):
        limit = moved[index] = min(moved[index], limit)
        limit -= gap
    return moved


def _plain(value: str | float) -> str:
    return html.escape(value) if isinstance(value, str) else f"{value:.6g}"
