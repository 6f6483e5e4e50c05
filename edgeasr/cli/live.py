"""The live view of `edgeasr listen`: level and scores, redrawn on the terminal while events pass above."""

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from edgeasr.spot import Spotter

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["live_view"]

_FLOOR_DBFS = -60.0


def live_view(spotter: Spotter) -> AbstractContextManager[object]:
    """Show what a spotter hears, on stderr, until the context is left."""
    from rich.console import Console
    from rich.live import Live

    return Live(
        get_renderable=lambda: _picture(spotter),
        console=Console(stderr=True),
        refresh_per_second=10,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # events on the same terminal are printed above the picture
    )


def _picture(spotter: Spotter) -> "Table":
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    def bar(fraction: float) -> ProgressBar:
        return ProgressBar(total=1.0, completed=min(1.0, max(0.0, fraction)), width=40)

    picture = Table.grid(padding=(0, 1))
    picture.add_row(
        f"{spotter.time_s:.1f} s", bar(1 - spotter.level_dbfs / _FLOOR_DBFS), f"{spotter.level_dbfs:.0f} dBFS"
    )
    for label, score in zip(spotter.labels, spotter.scores.tolist(), strict=True):
        picture.add_row(label, bar(score), f"{score:.2f}")
    return picture
