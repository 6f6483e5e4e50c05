"""Run a TFLite model in NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.registry import resolve
from edgeasr.tflite.kernels import KERNELS, Call, Kernel, Memory
from edgeasr.tflite.kernels.call import check_size
from edgeasr.tflite.model import Model, Operator, Subgraph, Tensor
from edgeasr.tflite.quantisation import zero_point_of

__all__ = ["Interpreter"]

# What NumPy and Python raise where shapes, axes or types of a damaged file do not fit each other.
_MISFIT = (ArithmeticError, AttributeError, IndexError, KeyError, MemoryError, RecursionError, TypeError, ValueError)


class Interpreter:
    """The first subgraph of a model, with the state of its variables.

    Example:
        >>> interpreter = Interpreter(read_model(Path("kws.tflite")))  # doctest: +SKIP
        >>> (scores,) = interpreter.run(features)  # doctest: +SKIP
    """

    def __init__(self, model: Model) -> None:
        """Prepare every operator.

        Raises:
            ArtefactError: an operator is missing here, or its tensors and options do not fit each other.
        """
        names = {operator.name for graph in model.subgraphs for operator in graph.operators}
        if missing := sorted(names - set(KERNELS)):
            raise ArtefactError(
                f"operators that the reference runtime lacks: {', '.join(missing)}; it has {', '.join(KERNELS)}"
            )
        self._memory = Memory(lambda index: self._graphs[index].run())
        with np.errstate(all="ignore"):  # as below
            self._graphs = tuple(_Graph(graph, self._memory) for graph in model.subgraphs)
        self.inputs = self._graphs[0].tensors(model.subgraphs[0].inputs)
        self.outputs = self._graphs[0].tensors(model.subgraphs[0].outputs)

    def run(self, *values: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Compute the outputs.

        Args:
            values: one array for every input, in its shape and type.

        Raises:
            ArtefactError: an input has another shape or type, or an operator fails.
        """
        expected = [(tensor.shape, tensor.dtype) for tensor in self.inputs]
        got = [(value.shape, value.dtype) for value in values]
        if got != expected:
            raise ArtefactError(f"expected inputs of {_named(expected)}, got {_named(got)}")
        with np.errstate(all="ignore"):  # an infinite score is for the caller to refuse
            return self._graphs[0].run(*values)

    def reset(self) -> None:
        """Forget the state of variables."""
        self._memory.reset()
        for graph in self._graphs:
            graph.reset()


class _Graph:
    """A subgraph, its kernels, and the values of its tensors that stay."""

    def __init__(self, graph: Subgraph, memory: Memory) -> None:
        self._graph = graph
        for tensor in graph.tensors:
            if tensor.data is None:
                check_size(tensor.shape)
        self._kernels = [self._prepared(operator, memory) for operator in graph.operators]
        self._constants = {tensor.index: tensor.data for tensor in graph.tensors if tensor.data is not None}
        self.reset()

    def reset(self) -> None:
        """Give variable tensors their first value, zero."""
        self._variables = {
            tensor.index: np.full(tensor.shape, zero_point_of(tensor), tensor.dtype)
            for tensor in self._graph.tensors
            if tensor.is_variable
        }

    def tensors(self, indices: tuple[int, ...]) -> tuple[Tensor, ...]:
        return tuple(self._graph.tensors[index] for index in indices)

    def run(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        values: dict[int, NDArray[Any] | None] = {-1: None, **self._constants, **self._variables}
        values.update(zip(self._graph.inputs, inputs, strict=True))
        for operator, kernel in zip(self._graph.operators, self._kernels, strict=True):
            try:
                results = kernel(*(values[index] for index in operator.inputs))
                results = results if isinstance(results, tuple) else (results,)
                self._check(operator, results)
            except _MISFIT as error:
                raise _misfit(operator, error) from error
            values.update(zip(operator.outputs, results, strict=True))
        found = [values.get(index) for index in self._graph.outputs]
        if any(value is None for value in found):
            raise ArtefactError("an output of the model is computed by no operator: export it again")
        return tuple(value for value in found if value is not None)

    def _prepared(self, operator: Operator, memory: Memory) -> Kernel:
        tensors = self._graph.tensors
        inputs = tuple(None if index < 0 else tensors[index] for index in operator.inputs)
        call = Call(operator, inputs, self.tensors(operator.outputs), memory)
        try:
            kernel: Kernel = resolve(KERNELS, operator.name, "operator")(call)
        except _MISFIT as error:
            raise _misfit(operator, error) from error
        return kernel

    def _check(self, operator: Operator, results: tuple[NDArray[Any], ...]) -> None:
        """Refuse results that are not what the file says: what follows was prepared for that."""
        expected = [(tensor.shape, tensor.dtype) for tensor in self.tensors(operator.outputs)]
        got = [(result.shape, result.dtype) for result in results]
        if got != expected:
            raise ArtefactError(f"{operator.name}: expected outputs of {_named(expected)}, got {_named(got)}")


def _misfit(operator: Operator, error: Exception) -> ArtefactError:
    return ArtefactError(f"{operator.name}: its inputs and options do not fit each other ({error}): export it again")


def _named(kinds: list[tuple[tuple[int, ...], np.dtype[Any]]]) -> str:
    return ", ".join(f"{dtype} {list(shape)}" for shape, dtype in kinds) or "nothing"
