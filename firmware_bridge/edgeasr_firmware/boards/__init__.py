"""Boards: compile C for them, run it on them, measure it there."""

from edgeasr_firmware.boards.board import BOARDS, Board, Memory
from edgeasr_firmware.boards.build import COMPILER_FLAGS, SUPPORT, Sizes, build, sizes
from edgeasr_firmware.boards.run import Run, run
from edgeasr_firmware.boards.serve import serve

__all__ = [
    "BOARDS",
    "COMPILER_FLAGS",
    "SUPPORT",
    "Board",
    "Memory",
    "Run",
    "Sizes",
    "build",
    "run",
    "serve",
    "sizes",
]
