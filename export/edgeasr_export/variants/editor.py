"""Edit a TFLite file: add operators, tensors and subgraphs to the objects of its schema."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Card
from edgeasr.tflite.schema import ENUMS, OPERATORS, OPTIONS
from edgeasr_export.metadata import write_model

__all__ = ["Editor"]

_TYPES = {"float32": "FLOAT32", "int8": "INT8", "uint8": "UINT8", "int16": "INT16", "int32": "INT32"}


class Editor:
    """A file that is being edited.

    The parts of a file refer to tensors, buffers and operator codes by number; what is added comes last, so that the
    numbers of the others stay.

    Attributes:
        graph: the first subgraph, as `SubGraphT` of the schema.
        signature: of that, as `SignatureDefT`.
    """

    def __init__(self, file: Path) -> None:
        """Read a file that edgeasr exported."""
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self._model: Any = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
        self._unions = {number: name for name, number in vars(schema.BuiltinOptions).items() if name[0] != "_"}
        self.graph: Any = self._model.subgraphs[0]
        self.signature: Any = self._model.signatureDefs[0]

    def save(self, file: Path, card: Card) -> None:
        """Write what has become of it, with its card."""
        file.write_bytes(write_model(self._model, card))

    def subgraph(self, name: str) -> Any:
        """Add an empty subgraph and give it; its number is that of `subgraphs` before."""
        graph = self._schema.SubGraphT()
        graph.name, graph.inputs, graph.outputs, graph.tensors, graph.operators = name.encode(), [], [], [], []
        self._model.subgraphs.append(graph)
        return graph

    @property
    def subgraphs(self) -> int:
        """How many subgraphs there are."""
        return len(self._model.subgraphs)

    def tensor(
        self,
        graph: Any,
        name: str,
        shape: Sequence[int],
        type: str,
        quantisation: tuple[float, int] | None = None,
    ) -> int:
        """Add a tensor of a type of the schema, with scale and zero point where it has them; give its number."""
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name.encode(), list(shape), ENUMS["TensorType"].index(type)
        if quantisation:
            tensor.quantization = self._schema.QuantizationParametersT()
            tensor.quantization.scale = np.array(quantisation[:1], np.float32)
            tensor.quantization.zeroPoint = np.array(quantisation[1:], np.int64)
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def constant(
        self, graph: Any, name: str, values: NDArray[Any], quantisation: tuple[float, int] | None = None
    ) -> int:
        """Add a constant; give its number."""
        number = self.tensor(graph, name, values.shape, _TYPES[values.dtype.name], quantisation)
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        graph.tensors[number].buffer = len(self._model.buffers)
        self._model.buffers.append(buffer)
        return number

    def operator(self, name: str, inputs: Sequence[int], outputs: Sequence[int], **options: Any) -> Any:
        """Make an operator, still to be put into a subgraph; options by their names in the schema's Python."""
        operator = self._schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._code(name), list(inputs), list(outputs)
        if name in OPTIONS:
            operator.builtinOptionsType = OPTIONS[name].union_type
            operator.builtinOptions = getattr(self._schema, self._unions[OPTIONS[name].union_type] + "T")()
            for key, value in options.items():
                setattr(operator.builtinOptions, key, value)
        return operator

    def _code(self, name: str) -> int:
        number = OPERATORS.index(name)
        for place, code in enumerate(self._model.operatorCodes):
            if code.builtinCode == number:
                return place
        code = self._schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
        self._model.operatorCodes.append(code)
        return len(self._model.operatorCodes) - 1
