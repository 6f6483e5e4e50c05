"""Allocate a model with `tflite-micro` in a process of its own: `python -m edgeasr_firmware.formats.tflm_child FILE`.

What was allocated is printed by the library, to standard error.
"""

import importlib
import sys
from pathlib import Path

_ARENA_BYTES = 1 << 28  # to try with; pages that are not touched cost nothing

if __name__ == "__main__":
    runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")
    size = max(_ARENA_BYTES, 2 * Path(sys.argv[1]).stat().st_size)
    runtime.Interpreter.from_file(sys.argv[1], arena_size=size).print_allocations()
