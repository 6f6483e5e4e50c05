"""Atomic writes: a file or folder appears whole under its name, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["check_writable", "replacing", "write_bytes", "write_text"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move the file or folder written there to `path` if no error came.

    On an error no temporary file stays behind, and what stood at `path` before is untouched. A file is replaced in
    one step; a folder in two renames, and a machine that dies between them leaves the old one in the hidden folder
    beside it.
    """
    path = path.resolve()  # "." has no name, and a link stays where it is
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    new, old = scratch / path.name, scratch / f"{path.name}.old"
    try:
        yield new
        try:
            if path.is_dir():  # the one thing that os.replace does not replace
                os.replace(path, old)
            os.replace(new, path)
        except BaseException:
            if old.exists() and not path.exists():
                os.replace(old, path)
            raise
    except OSError as error:  # the user knows of `path`, not of what stands beside it for a moment
        if error.filename is None or str(error.filename).startswith(str(scratch)):
            error.filename = str(path)
        raise
    finally:
        if path.exists() or not old.exists():  # never delete the only copy
            shutil.rmtree(scratch, ignore_errors=True)


def check_writable(path: Path) -> None:
    """Check that `replacing` can work at `path`, before minutes of work whose result shall stand there.

    Raises:
        OSError: nothing can be made in its folder, or in the nearest above it that there is.
    """
    path = path.resolve()
    folder = next((parent for parent in path.parents if parent.exists()), path)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=folder):
            pass
    except OSError as error:
        error.filename = str(path)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with replacing(path) as scratch:
        scratch.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8."""
    write_bytes(path, text.encode())
