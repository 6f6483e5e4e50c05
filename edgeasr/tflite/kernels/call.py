"""What a kernel is made from, and the steps that kernels of several families share."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite import quantisation
from edgeasr.tflite.fixedpoint import Integers
from edgeasr.tflite.model import Operator, Tensor

__all__ = ["Call", "Kernel", "Memory", "check_size", "clamped", "limited"]

# Takes the arrays of all inputs, None for an absent one, and gives the array of its output, or a tuple of several.
Kernel = Callable[..., Any]

_MOST_ELEMENTS = 1 << 24


class Memory:
    """What stays from one inference to the next.

    Attributes:
        handles: number of each container and shared name, which is what a handle tensor holds.
        resources: values of resource variables, by that number.
    """

    def __init__(self, run: Callable[[int], Any]) -> None:
        """Start with nothing; `run` runs a subgraph."""
        self._run, self._already_run = run, set[int]()
        self.handles: dict[tuple[str, str], int] = {}
        self.resources: dict[int, NDArray[Any]] = {}

    def reset(self) -> None:
        """Forget all values."""
        self.resources.clear()
        self._already_run.clear()

    def run_once(self, index: int) -> None:
        """Run a subgraph, unless it has run since the last reset."""
        if index not in self._already_run:
            self._already_run.add(index)  # before it runs: it may name itself
            self._run(index)


@dataclass(frozen=True)
class Call:
    """One operator of a subgraph with its tensors; those of absent inputs are None."""

    operator: Operator
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    memory: Memory

    def source(self, index: int = 0) -> Tensor:
        """Give the tensor of an input that must be there.

        Raises:
            ArtefactError: it is not.
        """
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None:
            raise ArtefactError(f"{self.operator.name}: expected an input {index}, it is absent")
        return tensor

    def constant(self, index: int) -> NDArray[Any]:
        """Give the data of an input that must be a constant, such as an axis.

        Raises:
            ArtefactError: it is computed.
        """
        data = self.source(index).data
        if data is None:
            raise ArtefactError(f"{self.operator.name}: expected a constant as input {index}, it is computed")
        return data

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def is_float(self) -> bool:
        """Tell whether the operator computes in floating point."""
        return self.output.dtype.kind == "f"

    def expect_types(self, *types: str) -> None:
        """Refuse element types that the kernel is not made for, floats from integers, integer weights between floats.

        Args:
            types: of the first input, as TFLM has them.

        Raises:
            ArtefactError: the file has another.
        """
        source, name = self.source(), self.operator.name
        if source.type not in types or source.dtype.kind != self.output.dtype.kind:
            raise ArtefactError(
                f"{name}: expected {' or '.join(types)} as in TFLM, got {source.type} to {self.output.type}: "
                "export it as int8"
            )
        if len(self.inputs) > 1 and source.type == "FLOAT32" and self.source(1).type in ("INT8", "INT4"):
            raise ArtefactError(
                f"{name}: expected float weights between floats, got {self.source(1).type} "
                "(dynamic range), which TFLM lacks too: export it as int8 or float32"
            )

    def expect_output(self, scale: float, zero_point: int) -> None:
        """Refuse an output that is not quantised as the function demands.

        Raises:
            ArtefactError: it is not.
        """
        got = float(quantisation.scale_of(self.output)), quantisation.zero_point_of(self.output)
        if not math.isclose(got[0], scale, rel_tol=1e-3) or got[1] != zero_point:
            raise ArtefactError(
                f"{self.operator.name}: expected an output of scale {scale:.3g} and zero point {zero_point}, "
                f"got {got[0]:.3g} and {got[1]}: quantise it again"
            )

    def option(self, name: str) -> Any:
        """Give an option by its name in the schema."""
        return self.operator.options[name]


def limited(call: Call) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Make what limits floats, or the integers of a plain int32 tensor, to the fused activation."""
    low, high = quantisation.activation_limits(call.option("fused_activation_function"))
    return lambda values: values if (low, high) == (-math.inf, math.inf) else np.clip(values, low, high)


def clamped(call: Call) -> Callable[[Integers], NDArray[Any]]:
    """Make what adds the output's zero point to integers and limits them to its type and the fused activation."""
    output, zero_point = call.output, quantisation.zero_point_of(call.output)
    activation = call.operator.options.get("fused_activation_function", "NONE")
    low, high = quantisation.activation_range(activation, quantisation.scale_of(output), zero_point, output.dtype)
    return lambda values: np.clip(values + zero_point, low, high).astype(output.dtype)


def check_size(shape: tuple[int, ...]) -> None:
    """Refuse an array that no device has memory for, before it is made.

    Raises:
        ArtefactError: it has more than 2^24 elements.
    """
    if math.prod(size or 1 for size in shape) > _MOST_ELEMENTS:
        raise ArtefactError(f"expected at most {_MOST_ELEMENTS} elements in an array, got the shape {list(shape)}")
