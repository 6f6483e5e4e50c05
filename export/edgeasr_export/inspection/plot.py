"""The comparison of an artefact with its original as a picture."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeasr.atomic import replacing
from edgeasr.packages import require
from edgeasr_export.inspection.difference import Difference

__all__ = ["plot_differences"]


def plot_differences(differences: Sequence[Difference], title: str, path: Path) -> None:
    """Draw the signal-to-noise ratio of each activation as a PNG, the worst on top.

    Args:
        differences: the worst first; those without any difference are left out.
        title: name of the artefact.
        path: of the picture.
    """
    require("matplotlib", "train", "drawing the comparison")
    from matplotlib.figure import Figure

    shown = [one for one in differences if math.isfinite(one.snr_db)]
    figure = Figure(figsize=(8, 1.2 + 0.26 * len(shown)), layout="constrained")
    axes: Any = figure.subplots()
    places = range(len(shown))
    axes.barh(
        places, [one.snr_db for one in shown], color=["#c0504d" if one.snr_db < 20 else "#4f81bd" for one in shown]
    )
    axes.set_yticks(places, [_label(one.name) for one in shown], fontsize=7)
    axes.invert_yaxis()
    axes.axvline(20, color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlabel("signal-to-quantisation-noise ratio, dB")
    axes.set_title(title)
    with replacing(path) as scratch:
        figure.savefig(scratch, format="png", dpi=120)


def _label(name: str) -> str:
    return "/".join(name.split(";")[0].split(":")[0].split("/")[-2:])[-48:]
