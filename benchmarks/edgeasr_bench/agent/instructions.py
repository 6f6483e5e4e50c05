"""Marks in the stream of instructions, which QEMU's plugin `insncount.c` sees: a system call that does nothing."""

import os
from contextlib import suppress

__all__ = ["MARK_PID", "mark"]

MARK_PID = 0x7EAD00  # no process has that number: the largest possible is 2^22


def mark() -> None:
    """Leave a mark: `getpgid` of a process that cannot exist."""
    with suppress(ProcessLookupError):
        os.getpgid(MARK_PID)
