"""Silence for libraries that log from C++ to standard error, whatever they are told."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]

_LOCK = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Throw away what is written to the process's standard error. Exceptions pass: they say what went wrong."""
    with _LOCK:  # two threads that each put back what they found would leave it silent for good
        sys.stderr.flush()
        saved = os.dup(2)
        try:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
