"""What was taken for what."""

from edgeasr_bench.record import Confusion
from edgeasr_bench.report.plots.svg import WIDTH, drawing, element, text

__all__ = ["plot_confusion"]

_WORDY = 14  # labels; with more of them there is no room for figures in the cells
_LONGEST = 10  # characters of a label


def plot_confusion(confusion: Confusion, label: str) -> str:
    """Draw a matrix: a row is what was said, a column what was recognised, a cell is as dark as its share of the row.

    Args:
        confusion: the counts.
        label: whose they are.
    """
    names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in confusion.labels]
    left = 10 + 7 * max(map(len, names))
    top = left  # the names of the columns stand upright
    side = (WIDTH - left - 4) / len(names)
    size = "tiny" if len(names) > _WORDY else "ink"
    parts = []
    for number, name in enumerate(names):
        middle = top + side * (number + 0.5)
        parts.append(text(left - 5, middle + 4, name, size, "end"))
        across = left + side * (number + 0.5) + 4
        upright = text(0, 0, name, size)
        parts.append(element("g", upright, transform=f"translate({across:.1f} {top - 5}) rotate(-90)"))
    for row, counts in enumerate(confusion.counts):
        said = sum(counts)
        for column, count in enumerate(counts):
            if not count:
                continue
            x, y = left + side * column, top + side * row
            said_for = f"{confusion.labels[row]} recognised as {confusion.labels[column]}: {count} of {said}"
            box = element(
                "rect",
                title=said_for,
                x=x + 0.5,
                y=y + 0.5,
                width=side - 1,
                height=side - 1,
                fill_opacity=0.12 + 0.5 * count / said,
                class_="right" if row == column else "wrong",
            )
            parts.append(box)
            if len(names) <= _WORDY:
                parts.append(text(x + side / 2, y + side / 2 + 4, str(count), "ink", "middle"))
    whole = side * len(names)
    parts.append(element("rect", x=left, y=top, width=whole, height=whole, class_="frame"))
    return drawing(top + whole + 4, f"What was taken for what: {label}.", parts)
