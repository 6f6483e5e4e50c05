"""Allocate a model with `tflite-micro` in a process of its own: `python -m edgeasr_firmware.formats.tflm_child FILE`.

What was allocated is printed by the library, to standard error.
"""

import importlib
import sys
from pathlib import Path

__all__ = ["main"]

_ARENA_BYTES = 1 << 28  # to try with; pages that are not touched cost nothing


def main(path: str) -> None:
    """Allocate a model, and let the library print what it took."""
    runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")
    size = max(_ARENA_BYTES, 2 * Path(path).stat().st_size)
    runtime.Interpreter.from_file(path, arena_size=size).print_allocations()


if __name__ == "__main__":
    main(*sys.argv[1:])
