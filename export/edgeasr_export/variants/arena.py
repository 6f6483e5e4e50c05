"""How much memory TensorFlow Lite Micro takes for a model: measured with PyPI's `tflite-micro`, in a child process.

`python -m edgeasr_export.variants.arena FILE` is the child: on some files the library ends the process.
"""

import importlib
import re
import sys
import tempfile
from pathlib import Path

from edgeasr.child import start
from edgeasr.errors import ExportError

__all__ = ["measure_arena_bytes"]

_TIME_LIMIT_S = 120
_MOST_BYTES = 1 << 28  # to try with; pages that are not touched cost nothing


def measure_arena_bytes(file: Path) -> int:
    """Let tflite-micro allocate a model; give the size of the arena that it took, on 64 bits.

    Args:
        file: a TFLite file.

    Raises:
        ExportError: it cannot run the model.
    """
    with tempfile.TemporaryDirectory(prefix="edgeasr-arena-") as scratch:
        log = Path(scratch) / "log"
        with start("edgeasr_export.variants.arena", str(file), time_limit_s=_TIME_LIMIT_S, log=log) as child:
            list(child.reports())
            ending = child.ending("tflite-micro")
        found = re.search(r"Arena allocation total (\d+) bytes", log.read_text(errors="replace"))
    if child.code or not found:
        raise ExportError(f"tflite-micro cannot run {file.name}: {ending}")
    return int(found[1])


if __name__ == "__main__":
    runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")
    runtime.Interpreter.from_file(sys.argv[1], arena_size=_MOST_BYTES).print_allocations()
