"""A TFLite file as plain data: subgraphs, tensors, operators and their options."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.tflite.flatbuffer import FlatBuffer, Table
from edgeasr.tflite.schema import ENUMS, OPERATORS, OPTIONS

__all__ = ["Model", "Operator", "Signature", "Subgraph", "Tensor", "read_model"]

_Part = TypeVar("_Part")

# By name in the schema. Those that NumPy lacks are not here: their data stay bytes.
_DTYPES = {
    "FLOAT32": "f4", "FLOAT16": "f2", "FLOAT64": "f8", "COMPLEX64": "c8", "COMPLEX128": "c16", "BOOL": "?",
    "INT8": "i1", "INT16": "i2", "INT32": "i4", "INT64": "i8", "RESOURCE": "i4",
    "UINT8": "u1", "UINT16": "u2", "UINT32": "u4", "UINT64": "u8", "INT4": "i1", "INT2": "i1", "UINT4": "u1",
}  # fmt: skip
_MOST_ELEMENTS = 1 << 40  # in a tensor, its sizes of 0 left out: NumPy has a limit for empty arrays too
_PACKED_BITS = {"INT4": 4, "INT2": 2, "UINT4": 4}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a subgraph.

    Attributes:
        index: its place in the subgraph.
        name: as the converter called it.
        shape: sizes; a dimension that the file leaves open has the size that it gives as an example, mostly 1.
        type: element type by its name in the schema, such as "INT8".
        dtype: the same for NumPy. Elements of less than a byte (INT4, INT2, UINT4) are unpacked, one a byte; a type
            that NumPy lacks is opaque, `void` of one byte.
        scale: float32 [1], or [channels] along `quantised_dimension`; None where it is not quantised.
        zero_point: int64, as long as `scale`.
        quantised_dimension: the dimension of the channels, where there are several scales.
        data: of a constant, in `shape` and read-only (raw uint8 [bytes] if opaque); None for the others.
        is_variable: whether its value stays from one inference to the next.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    dtype: np.dtype[Any]
    scale: NDArray[np.float32] | None
    zero_point: NDArray[np.int64] | None
    quantised_dimension: int
    data: NDArray[Any] | None
    is_variable: bool


@dataclass(frozen=True)
class Operator:
    """One step of a subgraph.

    Attributes:
        name: in the schema, such as "CONV_2D", or "CUSTOM:" and the custom code.
        inputs: indices of tensors; -1 for an optional one that is absent.
        outputs: indices of tensors.
        options: by their names in the schema, enumerations as text; empty for operators that `OPTIONS` lacks.
        version: of the operator's definition.
        intermediates: indices of tensors that only carry the quantisation of inner values (LSTM).
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]
    version: int
    intermediates: tuple[int, ...]


@dataclass(frozen=True)
class Subgraph:
    """A graph of operators in the order in which they run; `inputs` and `outputs` are indices of its tensors."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """Names for the inputs and outputs of a subgraph.

    Attributes:
        key: its own name.
        subgraph: index of the subgraph.
        inputs: name to index of a tensor.
        outputs: name to index of a tensor.
    """

    key: str
    subgraph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


@dataclass(frozen=True)
class Model:
    """A TFLite file. The first subgraph is the one that runs; others are called by operators.

    Attributes:
        subgraphs: at least one.
        description: free text of the converter.
        metadata: name to bytes.
        signatures: none, one, or several.
    """

    subgraphs: tuple[Subgraph, ...]
    description: str
    metadata: dict[str, bytes]
    signatures: tuple[Signature, ...]


def read_model(source: Path | bytes) -> Model:
    """Read a TFLite file.

    Args:
        source: the file, or its bytes.

    Raises:
        ArtefactError: it cannot be read, is no TFLite file, or is damaged.

    Example:
        >>> model = read_model(Path("digits/ds-cnn.int8.tflite"))  # doctest: +SKIP
        >>> [operator.name for operator in model.subgraphs[0].operators]  # doctest: +SKIP
    """
    where = "model" if isinstance(source, bytes) else str(source)
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise ArtefactError(f"{where}: cannot be read ({error.strerror})") from error
    if data[4:8] != b"TFL3":
        raise ArtefactError(f"{where}: expected a TFLite file, got one without TFL3 at byte 4: export it again")
    return _Reader(FlatBuffer(data, where)).model()


class _Reader:
    """Reads one file: the parts of a model refer to its buffers and operator codes by number."""

    def __init__(self, buffer: FlatBuffer) -> None:
        self._buffer, self._root = buffer, buffer.root()
        self._data = [self._constant(table) for table in self._root.tables(4)]
        self._codes = [self._code(table) for table in self._root.tables(1)]

    def model(self) -> Model:
        subgraphs = tuple(self._subgraph(table) for table in self._root.tables(2))
        if not subgraphs:
            raise self._buffer.damaged("no subgraph")
        for operator in (operator for graph in subgraphs for operator in graph.operators):
            self._among(operator.options.get("init_subgraph_index", 0), subgraphs, "subgraph")
        metadata = {
            table.text(0): self._copied(self._among(table.number(1, "I"), self._data, "buffer")).tobytes()
            for table in self._root.tables(6)
        }
        signatures = tuple(self._signature(table, subgraphs) for table in self._root.tables(7))
        return Model(subgraphs, self._root.text(3), metadata, signatures)

    def _signature(self, table: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
        index = table.number(4, "I")
        tensors = self._among(index, subgraphs, "subgraph").tensors
        inputs, outputs = (
            {entry.text(0): self._among(entry.number(1, "I"), tensors, "tensor").index for entry in table.tables(field)}
            for field in (0, 1)
        )
        return Signature(table.text(2), index, inputs, outputs)

    def _constant(self, table: Table) -> NDArray[np.uint8]:
        position = table.number(1, "Q")
        if position > 1:  # behind the FlatBuffer, as in files that are too large for its offsets
            return self._buffer.bytes_at(position, table.number(2, "Q"))
        return table.vector(0, np.uint8, charged=False)

    def _code(self, table: Table) -> tuple[str, int]:
        number = max(table.number(0, "b"), table.number(3, "i"))  # the first field is of old files
        name = self._among(number, OPERATORS, "operator code")
        return (f"CUSTOM:{table.text(1)}" if name == "CUSTOM" else name), table.number(2, "i", 1)

    def _subgraph(self, table: Table) -> Subgraph:
        tensors = tuple(self._tensor(index, tensor) for index, tensor in enumerate(table.tables(0)))
        operators = tuple(self._operator(operator, len(tensors)) for operator in table.tables(3))
        inputs, outputs = (self._indices(table, field, len(tensors)) for field in (1, 2))
        return Subgraph(table.text(4), tensors, operators, inputs, outputs)

    def _tensor(self, index: int, table: Table) -> Tensor:
        shape = tuple(table.vector(0, np.int32).tolist())
        if any(size < 0 for size in shape) or math.prod(size or 1 for size in shape) > _MOST_ELEMENTS:
            raise self._buffer.damaged(f"tensor {index} has the shape {list(shape)}")
        kind = self._among(table.number(1, "b"), ENUMS["TensorType"], "element type")
        dtype = np.dtype(_DTYPES.get(kind, "V1"))
        constant = self._among(table.number(2, "I"), self._data, "buffer")
        scale, zero_point, dimension = self._quantisation(table.table(4), shape, dtype, index)
        return Tensor(
            index, table.text(3), shape, kind, dtype, scale, zero_point, dimension,
            self._elements(constant, kind, dtype, shape, index), table.number(5, "?", False),
        )  # fmt: skip

    def _quantisation(
        self, table: Table | None, shape: tuple[int, ...], dtype: np.dtype[Any], index: int
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None, int]:
        scale = table.vector(2, np.float32) if table else np.zeros(0, np.float32)
        if table is None or not scale.size:
            return None, None, 0
        zero_point, dimension = table.vector(3, np.int64), table.number(6, "i")
        per_channel = scale.size > 1
        if per_channel and not (0 <= dimension < len(shape) and shape[dimension] == scale.size):
            raise self._buffer.damaged(f"tensor {index} of shape {list(shape)} has {scale.size} scales")
        if zero_point.size not in (0, 1, scale.size) or not (np.isfinite(scale) & (scale >= 0)).all():
            raise self._buffer.damaged(f"tensor {index} has no usable scale and zero point")
        if dtype.kind in "iu" and zero_point.size:
            limits = np.iinfo(dtype)
            if not limits.min <= zero_point.min() <= zero_point.max() <= limits.max:
                raise self._buffer.damaged(f"tensor {index} has a zero point that {dtype} does not hold")
        return scale, np.resize(zero_point, scale.size), dimension

    def _elements(
        self, raw: NDArray[np.uint8], kind: str, dtype: np.dtype[Any], shape: tuple[int, ...], index: int
    ) -> NDArray[Any] | None:
        """Give the data of a constant its type and shape; None for a tensor that has none."""
        count = math.prod(shape)
        if not raw.size and count:
            return None
        if dtype.kind == "V":
            return raw
        bits = _PACKED_BITS.get(kind, 8 * dtype.itemsize)
        if raw.size != -(-count * bits // 8):
            raise self._buffer.damaged(f"tensor {index} of {list(shape)} {kind} has {raw.size} bytes")
        if kind in _PACKED_BITS:
            return _unpack(self._copied(raw), bits, dtype)[:count].reshape(shape)
        return raw.view(dtype.newbyteorder("<")).reshape(shape)

    def _operator(self, table: Table, tensors: int) -> Operator:
        name, version = self._among(table.number(0, "I"), self._codes, "operator code")
        inputs = self._indices(table, 1, tensors, absent=True)
        outputs, intermediates = (self._indices(table, field, tensors) for field in (2, 8))
        return Operator(name, inputs, outputs, self._options(name, table), version, intermediates)

    def _options(self, name: str, table: Table) -> dict[str, Any]:
        if name not in OPTIONS:
            return {}
        declared, found = OPTIONS[name], table.number(3, "B")
        options = table.table(4) if found else None
        if options is not None and found != declared.union_type:
            raise self._buffer.damaged(f"{name} has options of another operator")
        values = {}
        for field, text in enumerate(declared.fields):
            key, _, kind = text.partition(":")
            values[key] = self._option(options, field, *kind.partition("=")[::2])
        return values

    def _option(self, table: Table | None, field: int, kind: str, default: str) -> Any:
        """Read one option, or its default where the file leaves it out."""
        if kind == "ints":
            return tuple(table.vector(field, np.int32).tolist()) if table else ()
        if kind == "text":
            return table.text(field) if table else ""
        code = {"int": "i", "float": "f", "bool": "?"}.get(kind, "b")
        value = table.number(field, code, int(default or 0)) if table else int(default or 0)
        if kind in ENUMS:
            return self._among(value, ENUMS[kind], kind)
        return {"int": int, "float": float, "bool": bool}[kind](value)

    def _copied(self, raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Count bytes that are about to be copied: a damaged file may name the same ones many times."""
        self._buffer.visit(0, raw.size)
        return raw

    def _indices(self, table: Table, field: int, tensors: int, absent: bool = False) -> tuple[int, ...]:
        found = table.vector(field, np.int32)
        if found.size and not (-1 if absent else 0) <= found.min() <= found.max() < tensors:
            raise self._buffer.damaged(f"an operator or subgraph names a tensor that is none of {tensors}")
        return tuple(found.tolist())

    def _among(self, index: int, parts: Sequence[_Part], what: str) -> _Part:
        if not 0 <= index < len(parts):
            raise self._buffer.damaged(f"{what} {index} is none of {len(parts)}")
        return parts[index]


def _unpack(raw: NDArray[np.uint8], bits: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Unpack elements of less than a byte, those in the low bits first, keeping the sign."""
    up = np.arange(8 - bits, -1, -bits, dtype=np.uint8)  # moves each to the top of its byte
    return ((raw[:, None] << up).view(dtype) >> (8 - bits)).reshape(-1)
