"""Pictures of measures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.atomic import replacing
from edgeasr.packages import require

__all__ = ["plot_confusion"]


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
