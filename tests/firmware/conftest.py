"""The tools of firmware: where one is missing a test is skipped with its name; in CI that is an error."""

import os
import shutil
from collections.abc import Callable

import pytest

from edgeasr_firmware.boards import BOARDS, Board


@pytest.fixture(scope="session")
def need() -> Callable[[str], None]:
    """Demand a command of the system."""

    def find(command: str) -> None:
        if shutil.which(command) is None:
            message = f"{command} is not installed"
            pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)

    return find


@pytest.fixture(scope="session")
def on_board(need: Callable[[str], None]) -> Callable[[str], Board]:
    """Give a board by its name, with the tools to build for it and to run it."""

    def find(name: str) -> Board:
        board = BOARDS[name]
        need(board.compiler)
        if board.machine:
            need("gcc")
            need("qemu-system-arm")
        return board

    return find
