"""What is told while a bench run goes on."""

from collections.abc import Callable

__all__ = ["Note", "Progress"]

Note = Callable[[str], None]
"""Takes a line on what is made, left out or doubtful."""

Progress = Callable[[str, float], None]
"""Takes the stage and the share of it that is done."""
