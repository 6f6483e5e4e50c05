"""Pictures of measures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.atomic import replacing
from edgeasr.metrics.operating_point import OperatingPoint
from edgeasr.packages import require

__all__ = ["plot_confusion", "plot_det"]


def plot_confusion(confusion: NDArray[np.int64], labels: Sequence[str], path: Path) -> None:
    """Draw a confusion matrix as a PNG: colour the share of the row, numbers the counts.

    Args:
        confusion: int64 [labels, labels]: row the right label, column the one given.
        labels: one per row.
        path: of the picture.
    """
    require("matplotlib", "train", "drawing the confusion matrix")
    from matplotlib.figure import Figure

    size = 2 + 0.45 * len(labels)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes: Any = figure.subplots()
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(confusion):
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, confusion[row, column], ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("recognised")
    axes.set_ylabel("said")
    axes.set_title(f"{np.trace(confusion)} of {confusion.sum()} right")
    with replacing(path) as scratch:
        figure.savefig(scratch, format="png", dpi=120)


def plot_det(points: Sequence[OperatingPoint], chosen: OperatingPoint, path: Path) -> None:
    """Draw the trade-off of a spotter as a PNG: false accepts an hour against the share of words missed.

    Args:
        points: of all thresholds.
        chosen: the one in use, which is marked.
        path: of the picture.
    """
    require("matplotlib", "train", "drawing the trade-off")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes: Any = figure.subplots()
    rates = [point.detection.false_accepts_per_hour for point in points]
    axes.plot(rates, [100 * point.detection.miss_rate for point in points], marker=".", drawstyle="steps-post")
    used = chosen.detection
    low, high = used.false_accepts_interval
    axes.errorbar(
        used.false_accepts_per_hour,
        100 * used.miss_rate,
        xerr=[[used.false_accepts_per_hour - low], [high - used.false_accepts_per_hour]],
        fmt="o",
        label=f"threshold {chosen.threshold:g}",
    )
    # Zero has a place on the axis: below one false accept in all the background there is nothing to see.
    axes.set_xscale("symlog", linthresh=3600 / used.background_s)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"false accepts an hour, in {used.background_s / 3600:.2f} hours of background")
    axes.set_ylabel(f"missed, % of {used.words} words")
    axes.grid(alpha=0.3)
    axes.legend()
    with replacing(path) as scratch:
        figure.savefig(scratch, format="png", dpi=120)
