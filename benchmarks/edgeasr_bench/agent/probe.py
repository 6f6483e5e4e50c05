"""Tell in one line of JSON what a device is and has; sent as text to its Python, before there is anything else.

Arguments: the folder of edgeasr there, the path of this Python (which may be a script that starts it), and the oldest
version that will do; it fails on an older one.
"""

import importlib.util
import json
import os
import platform
import shutil
import struct
import sys

__all__ = ["main"]

_MODULES = ("numpy", "ai_edge_litert", "tflite_runtime", "onnxruntime")
# The kernel may have 64 bits where the programs have 32.
_OF_32_BITS = {"aarch64": "armv7l", "x86_64": "i686"}


def _free_memory_bytes() -> int | None:
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def main(folder: str, executable: str, oldest: str) -> None:
    """Tell about this machine, and about a folder on it."""
    if sys.version_info < tuple(map(int, oldest.split("."))):
        sys.exit(1)
    machine = platform.machine()
    found = {
        "python": list(sys.version_info[:3]),
        "executable": executable,
        "architecture": machine if struct.calcsize("P") == 8 else _OF_32_BITS.get(machine, machine),
        "libc": platform.libc_ver(),
        "folder": os.path.abspath(folder),
        "there": sorted(os.listdir(folder)),
        "free_bytes": shutil.disk_usage(folder).free,
        "free_memory_bytes": _free_memory_bytes(),
        "modules": [name for name in _MODULES if importlib.util.find_spec(name)],
    }
    print("\n@probe " + json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
