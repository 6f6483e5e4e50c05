"""How much memory TensorFlow Lite Micro takes for a model: measured with PyPI's `tflite-micro`, in a child process.

`python -m edgeasr.tflite.arena FILE` is the child: on some files the library ends the process.
"""

import importlib
import re
import sys
import tempfile
from pathlib import Path

from edgeasr.child import start
from edgeasr.errors import ArtefactError
from edgeasr.packages import check_installed
from edgeasr.tflite.inline import inlined

__all__ = ["measure_arena_bytes"]

_TIME_LIMIT_S = 120
_MOST_BYTES = 1 << 28  # to try with, or more for larger files; pages that are not touched cost nothing


def measure_arena_bytes(file: Path) -> int:
    """Let tflite-micro allocate a model; give the size of the arena that it took, on 64 bits.

    Args:
        file: a TFLite file.

    Raises:
        ArtefactError: it is damaged, or tflite-micro cannot run it.
        MissingPackageError: `tflite-micro` is not installed.
    """
    check_installed("tflite_micro", "micro", "measuring the arena")
    with tempfile.TemporaryDirectory(prefix="edgeasr-arena-") as scratch:
        log, model = Path(scratch) / "log", Path(scratch) / "model.tflite"
        model.write_bytes(inlined(file.read_bytes()))
        with start("edgeasr.tflite.arena", str(model), time_limit_s=_TIME_LIMIT_S, log=log) as child:
            list(child.reports())
            ending = child.ending("tflite-micro")
        found = re.search(r"Arena allocation total (\d+) bytes", log.read_text(errors="replace"))
    if child.code or not found:
        raise ArtefactError(f"{file.name}: tflite-micro cannot run it: {ending}")
    return int(found[1])


def _allocate(path: str) -> None:
    """Allocate a model, and let the library print to standard error what it took."""
    runtime = importlib.import_module("tflite_micro.python.tflite_micro.runtime")
    size = max(_MOST_BYTES, 2 * Path(path).stat().st_size)
    runtime.Interpreter.from_file(path, arena_size=size).print_allocations()


if __name__ == "__main__":
    _allocate(*sys.argv[1:])
