"""What tests of several packages share: the exported built-in model, a small disk, and where the real data is."""

import fcntl
import gc
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgeasr.builtin import copy_builtin
from edgeasr.bundle import Bundle

# A shell that runs the tests in the background has SIGINT ignored, and with it every process that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(os.environ.get("EDGEASR_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


def pytest_collection_finish() -> None:
    """Keep what is loaded by now out of garbage collections: Keras and bench ask for many, each a second long."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """Give the path of a file among the real data, or skip the test where it is not."""

    def find(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"{name} is not in EDGEASR_DATA")
        return DATA / name

    return find


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Give the built-in bundle with its float32 and int8 artefacts in TFLite and ONNX. Made once: copy to change."""
    from edgeasr_export import export_bundle

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all workers: one makes it, the others wait
    with (shared / "exported.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "exported").exists():
            export_bundle(copy_builtin(shared / "exporting" / "digits"), ("float32", "int8"))
            (shared / "exporting").rename(shared / "exported")  # only a whole one: a worker may die in between
    return Bundle.open(shared / "exported" / "digits")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder that is a file system of 100 kB, or skip the test where mounting one is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, timeout=10).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a file system is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)
