"""From the operators of a TFLite file to the steps of a program."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError, FirmwareError
from edgeasr.registry import resolve
from edgeasr.tflite.kernels import KERNELS, Call, Kernel, Memory
from edgeasr.tflite.model import Model, Operator, Subgraph, Tensor
from edgeasr_firmware.codegen.program import Buffer, Program, Step

__all__ = ["OPERATORS", "Lowering", "check_operators", "lower"]

_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_MISFIT = (ArithmeticError, IndexError, KeyError, TypeError, ValueError)  # what a damaged file may lead to
_PACKAGE = "edgeasr_firmware.codegen.operators."

# name in the TFLite schema -> function(lowering, operator) that adds its steps
OPERATORS: Mapping[str, str] = {
    operator: _PACKAGE + function
    for operator, function in {
        "ADD": "arithmetic:add",
        "ASSIGN_VARIABLE": "state:assign_variable",
        "AVERAGE_POOL_2D": "pool:average_pool",
        "BATCH_TO_SPACE_ND": "movement:move",
        "CALL_ONCE": "state:call_once",
        "CONCATENATION": "movement:move",
        "CONV_2D": "dense:convolution",
        "DEPTHWISE_CONV_2D": "dense:depthwise",
        "DEQUANTIZE": "tables:dequantize",
        "EXPAND_DIMS": "movement:reshape",
        "FULLY_CONNECTED": "dense:fully_connected",
        "HARD_SWISH": "tables:activation",
        "LEAKY_RELU": "tables:relu",
        "LOGISTIC": "tables:saturating",
        "MAX_POOL_2D": "pool:max_pool",
        "MEAN": "arithmetic:mean",
        "MUL": "arithmetic:mul",
        "PACK": "movement:move",
        "PAD": "movement:move",
        "PADV2": "movement:move",
        "QUANTIZE": "tables:quantize",
        "READ_VARIABLE": "state:read_variable",
        "REDUCE_MAX": "arithmetic:reduce_max",
        "RELU": "tables:relu",
        "RELU6": "tables:relu",
        "RESHAPE": "movement:reshape",
        "SHAPE": "movement:shape",
        "SLICE": "movement:move",
        "SOFTMAX": "tables:softmax",
        "SPACE_TO_BATCH_ND": "movement:move",
        "SPLIT": "movement:move",
        "SPLIT_V": "movement:move",
        "SQUEEZE": "movement:reshape",
        "STRIDED_SLICE": "movement:move",
        "SUB": "arithmetic:sub",
        "TANH": "tables:saturating",
        "TRANSPOSE": "movement:move",
        "UNIDIRECTIONAL_SEQUENCE_LSTM": "recurrent:lstm",
        "UNPACK": "movement:move",
        "VAR_HANDLE": "state:var_handle",
    }.items()
}


class Lowering:
    """Turns the first subgraph of a model into a program; operators say what they need by its methods.

    Attributes:
        model: the model.
        graph: its first subgraph.
        program: as far as it has come.
        places: tensor -> the buffer it is in, or `&name` of a constant table.
        homes: tensor -> the buffer in which it is to be computed, where that is not one of its own.
        variables: handle of a resource variable -> its container and name.
        first_values: what a variable holds before the first inference.
        position: number of the current operator.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.graph: Subgraph = model.subgraphs[0]
        self.program = Program()
        self.places: dict[int, str] = {}
        self.homes: dict[int, str] = {}
        self.variables: dict[int, tuple[str, str]] = {}
        self.first_values: dict[tuple[str, str], NDArray[Any]] = {}
        self.position = -1
        self._tensors = list(self.graph.tensors)

    def run(self) -> Program:
        """Lower every operator, in order."""
        for index in self.graph.inputs:
            self.program.inputs.append((self.tensor(index), self.write(index)))
        for position, operator in enumerate(self.graph.operators):
            self.position = position
            if operator.inputs and all(self._is_constant(index) for index in operator.inputs):
                self.fold(operator, *(None if index < 0 else self.constant(index) for index in operator.inputs))
                continue
            lower_operator: Callable[[Lowering, Operator], None] = resolve(OPERATORS, operator.name, "operator")
            try:
                lower_operator(self, operator)
            except ArtefactError as error:
                raise self.unsupported(str(error)) from error
            except _MISFIT as error:
                raise self.unsupported(f"its tensors do not fit each other ({error!r}): export it again") from error
        self.program.outputs = [(self.tensor(index), self._in_arena(index)) for index in self.graph.outputs]
        return self.program

    @property
    def current(self) -> str:
        """Number and name of the current operator, for messages and comments."""
        return f"{self.position} {self.graph.operators[self.position].name}"

    def tensor(self, index: int) -> Tensor:
        """Give a tensor of the graph."""
        return self._tensors[index]

    def size_bytes(self, index: int) -> int:
        """Give the size of a tensor."""
        return math.prod(self.tensor(index).shape) * self.tensor(index).dtype.itemsize

    def constant(self, index: int) -> NDArray[Any]:
        """Give the value of a tensor that must be constant.

        Raises:
            FirmwareError: it is computed.
        """
        data = self.tensor(index).data
        if data is None:
            raise self.unsupported(f"tensor {index} is computed, expected a constant")
        return data

    def bias(self, operator: Operator, channels: int) -> NDArray[np.int64]:
        """Give the bias of a layer, its third input, which may be absent: int64 [channels]."""
        given = operator.inputs[2] if len(operator.inputs) > 2 else -1
        return np.zeros(channels, np.int64) if given < 0 else self.constant(given).astype(np.int64)

    def call(self, operator: Operator) -> Call:
        """Give an operator with its tensors, as the NumPy kernels take it."""
        inputs = tuple(None if index < 0 else self.tensor(index) for index in operator.inputs)
        outputs = tuple(self.tensor(index) for index in operator.outputs)
        return Call(operator, inputs, outputs, Memory(lambda index: None))

    def kernel(self, operator: Operator) -> Kernel:
        """Make the NumPy kernel of an operator, which says what it does."""
        kernel: Kernel = resolve(KERNELS, operator.name, "operator")(self.call(operator))
        return kernel

    def last_use(self, index: int) -> int:
        """Give the number of the last operator that reads a tensor, or one that may be the same memory.

        An output of the model is read after the last operator.
        """
        operators = self.graph.operators
        uses = [number for number, operator in enumerate(operators) if index in operator.inputs]
        same = [output for number in uses if _may_alias(operators[number]) for output in operators[number].outputs]
        ends = [len(operators)] if index in self.graph.outputs else []
        return max([*uses, *ends, *(self.last_use(output) for output in same)], default=-1)

    def _is_constant(self, index: int) -> bool:
        return index < 0 or self.tensor(index).data is not None

    def fold(self, operator: Operator, *values: NDArray[Any] | None) -> None:
        """Compute an operator here, of values that are known now: what it gives is constant."""
        results = self.kernel(operator)(*values)
        for index, data in zip(operator.outputs, results if isinstance(results, tuple) else (results,), strict=True):
            self._tensors[index] = replace(self.tensor(index), data=np.asarray(data))

    def _in_arena(self, index: int) -> str:
        """Give the buffer of an output."""
        if self.read(index).startswith("&"):
            raise self.unsupported(f"output {index} is constant, expected one that is computed")
        return self.read(index)

    def expect(self, index: int, *types: str) -> Tensor:
        """Give a tensor that must have one of some element types.

        Raises:
            FirmwareError: it has another.
        """
        tensor = self.tensor(index)
        if tensor.type not in types:
            raise self.unsupported(f"tensor {index} is {tensor.type}, expected {' or '.join(types)}")
        return tensor

    def read(self, index: int) -> str:
        """Give the place of a tensor that a step reads: a buffer, or a constant table."""
        if index not in self.places:
            tensor = self.tensor(index)
            if tensor.data is None:
                raise self.unsupported(f"tensor {index} is read before it is computed")
            self.places[index] = "&" + self.program.table("constant", tensor.data)
        return self.places[index]

    def write(self, index: int) -> str:
        """Give the buffer of a tensor that a step computes."""
        name = self.homes.get(index, f"t{index}")
        self.program.buffers.setdefault(name, Buffer(name, self.size_bytes(index)))
        self.places[index] = name
        return name

    def alias(self, index: int, source: int) -> None:
        """Let a tensor be another one under a new shape."""
        self.places[index] = self.read(source)

    def step(self, source: str, code: str, inputs: tuple[int, ...], output: int, **more: Any) -> None:
        """Add a call of a kernel; the inputs and the output are tensors. See `Step` for the rest."""
        places = tuple(self.read(index) for index in inputs)
        self.program.steps.append(Step(self.current, source, code, places, self.write(output), **more))

    def unsupported(self, why: str) -> FirmwareError:
        """Make the error for an operator that is used in a way that no kernel can."""
        return FirmwareError(f"operator {self.current}: {why}")


def _may_alias(operator: Operator) -> bool:
    """Tell whether an output of an operator may be its input under another shape."""
    joins = operator.name in ("CONCATENATION", "PACK") and len(operator.inputs) > 1
    return not joins and OPERATORS.get(operator.name, "").startswith(f"{_PACKAGE}movement:")


def check_operators(model: Model) -> None:
    """Check that there is a way for every operator, and that the layers are quantised.

    Raises:
        FirmwareError: some are missing, all are named, and those that are there; or it is a model of floats.
    """
    names = {operator.name for operator in model.subgraphs[0].operators}
    if missing := sorted(names - set(OPERATORS)):
        raise FirmwareError(
            f"operators {', '.join(missing)} are missing: CONTRIBUTING says how to add one; "
            f"those that are there: {', '.join(sorted(OPERATORS))}"
        )
    graph = model.subgraphs[0]
    for operator in graph.operators:
        types = {graph.tensors[index].type for index in operator.inputs if index >= 0}
        if operator.name in _LAYERS and "FLOAT32" in types:
            raise FirmwareError(
                f"expected a model of int8, got {operator.name} of FLOAT32: make one with `edgeasr export --int8`"
            )


def lower(model: Model) -> Program:
    """Turn the first subgraph of a model into a program.

    Args:
        model: one that the NumPy interpreter runs: its tensors and options fit each other.

    Raises:
        FirmwareError: an operator is missing here, or is used in a way that no kernel can.
    """
    check_operators(model)
    return Lowering(model).run()
