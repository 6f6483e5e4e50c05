"""The tools of firmware: where one is missing a test is skipped with its name; in CI that is an error."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import MissingPackageError
from edgeasr_firmware.boards import BOARDS, Board
from edgeasr_firmware.boards.run import npm_package
from tests.tflite.builder import Value, constant, one


@pytest.fixture(scope="session")
def need() -> Callable[[str], None]:
    """Demand a command of the system."""

    return lambda command: _need_found(shutil.which(command) is not None, command)


def _need_found(found: bool, what: str) -> None:
    if not found:
        message = f"{what} is not installed"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)


def _is_in_npm(package: str) -> bool:
    try:
        npm_package(package)
    except MissingPackageError:
        return False
    return True


@pytest.fixture(scope="session")
def on_board(need: Callable[[str], None]) -> Callable[[str], Board]:
    """Give a board by its name, with the tools to build for it and to run it."""

    def find(name: str) -> Board:
        board = BOARDS[name]
        need(board.compiler)
        if board.emulator == "unicorn":
            _need_found(importlib.util.find_spec("unicorn") is not None, "unicorn")
        elif board.emulator == "rp2040js":
            need("node")
            need("npm")
            _need_found(_is_in_npm("rp2040js"), "rp2040js")
        elif board.machine:
            need("gcc")
            need(board.emulator)
        return board

    return find


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Give a TFLite file of one dense layer, whose name is none of C."""
    rng = np.random.default_rng(0)
    matrix = constant(rng.integers(-127, 127, (5, 16)), "int8", scale=0.02)
    path = tmp_path / "My model-1.tflite"
    path.write_bytes(one("FULLY_CONNECTED", [Value((1, 16), "INT8", 0.1), matrix], [Value((1, 5), "INT8", 0.2)]))
    return path
