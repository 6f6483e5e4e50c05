"""Resource variables, which hold the state of streaming models: VAR_HANDLE, READ_, ASSIGN_VARIABLE and CALL_ONCE."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite import quantisation
from edgeasr.tflite.kernels.call import Call, Kernel

__all__ = ["assign_variable", "call_once", "read_variable", "var_handle"]


def call_once(call: Call) -> Kernel:
    """Make CALL_ONCE: run the subgraph that gives variables their first values."""
    index, run_once = call.option("init_subgraph_index"), call.memory.run_once

    def run() -> tuple[()]:
        run_once(index)
        return ()

    return run


def var_handle(call: Call) -> Kernel:
    """Make VAR_HANDLE: a number for every container and shared name."""
    handles = call.memory.handles
    number = handles.setdefault((call.option("container"), call.option("shared_name")), len(handles))
    handle = np.full(call.output.shape, number, np.int32)
    return lambda: handle


def read_variable(call: Call) -> Kernel:
    """Make READ_VARIABLE; one that nothing was assigned to reads as zero."""
    output, resources = call.output, call.memory.resources
    first = np.full(output.shape, quantisation.zero_point_of(output), output.dtype)
    return lambda handle: resources.get(_number(handle), first)


def assign_variable(call: Call) -> Kernel:
    """Make ASSIGN_VARIABLE."""
    resources = call.memory.resources

    def run(handle: NDArray[Any], values: NDArray[Any]) -> tuple[()]:
        resources[_number(handle)] = values
        return ()

    return run


def _number(handle: NDArray[Any]) -> int:
    if handle.size != 1:
        raise ArtefactError(f"expected the handle of one variable, got {handle.size} numbers")
    return int(handle.reshape(-1)[0])
