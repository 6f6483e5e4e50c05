"""Writes small TFLite files and runs them in `tflite-micro`, whose results are what counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np
import pytest

from edgeasr.tflite import read_model
from edgeasr.tflite.interpreter import Interpreter
from edgeasr.tflite.schema import ENUMS, OPERATORS, OPTIONS

BUILTIN_OPTIONS = {number: name for name, number in vars(schema.BuiltinOptions).items() if name[0] != "_"}


@dataclass(eq=False)
class Value:
    """A tensor to write; with `data` it is a constant. `scale` may be a list, along `dimension`."""

    shape: Sequence[int]
    type: str = "INT8"
    scale: Any = None
    zero_point: int = 0
    dimension: int = 0
    data: np.ndarray | None = None
    variable: bool = False
    name: str = "t"


@dataclass
class Step:
    """An operator to write."""

    name: str
    inputs: Sequence[Value | None]
    outputs: Sequence[Value]
    options: dict[str, Any]


def constant(values: Any, dtype: str = "int32", **others: Any) -> Value:
    """Make a constant; its type is that of NumPy in capitals."""
    data = np.asarray(values, dtype)
    return Value(data.shape, dtype.upper(), data=data, **others)


def write(*graphs: tuple[Sequence[Step], Sequence[Value], Sequence[Value]], signed: bool = False) -> bytes:
    """Write a model of subgraphs: (steps, inputs, outputs) each.

    If `signed`, the last has a signature, whose names are those of the tensors without what follows a colon.
    """
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [], []
    model.buffers = [schema.BufferT()]
    for steps, inputs, outputs in graphs:
        graph = schema.SubGraphT()
        tensors = list(dict.fromkeys(
            value for step in steps for value in (*step.inputs, *step.outputs) if value is not None
        ))  # fmt: skip
        tensors += [value for value in (*inputs, *outputs) if value not in tensors]
        place = {value: index for index, value in enumerate(tensors)}
        graph.tensors = [_tensor(value, model.buffers) for value in tensors]
        graph.inputs, graph.outputs = ([place[value] for value in values] for values in (inputs, outputs))
        graph.operators = [_operator(step, place, model.operatorCodes) for step in steps]
        model.subgraphs.append(graph)
        if signed:
            model.signatureDefs = [_signature(graph)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def one(name: str, inputs: Sequence[Value | None], outputs: Sequence[Value], **options: Any) -> bytes:
    """Write a model of one operator, whose inputs without data are those of the model."""
    fed = [value for value in inputs if value is not None and value.data is None and not value.variable]
    return write(([Step(name, inputs, outputs, options)], fed, outputs))


def micro(model: bytes) -> Any:
    """Load a model into `tflite-micro`, or skip the test where that is not installed."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    return runtime.Interpreter.from_bytes(model, arena_size=1 << 20)


def micro_run(interpreter: Any, *values: np.ndarray, outputs: int = 1) -> list[np.ndarray]:
    """Run a model in `tflite-micro`."""
    for index, value in enumerate(values):
        interpreter.set_input(value, index)
    interpreter.invoke()
    return [interpreter.get_output(index) for index in range(outputs)]


def compare(model: bytes, seed: int, runs: int = 2, **tolerance: float) -> None:
    """Check that a model gives the same bits as `tflite-micro` on random inputs, one run after another."""
    ours, theirs, rng = Interpreter(read_model(model)), micro(model), np.random.default_rng(seed)
    for _ in range(runs):
        values = [draw(rng, tensor.shape, tensor.dtype) for tensor in ours.inputs]
        expected = micro_run(theirs, *values, outputs=len(ours.outputs))
        for got, wanted in zip(ours.run(*values), expected, strict=True):
            if tolerance:
                np.testing.assert_allclose(got, wanted, **tolerance)
            else:
                np.testing.assert_array_equal(got, wanted)


def draw(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Draw values over the whole range of an integer type, or of a normal distribution."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 3, shape).astype(dtype)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    if dtype.itemsize == 4:
        values >>= 12
    return np.asarray(values)


def _signature(graph: Any) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    for side in ("inputs", "outputs"):
        maps = []
        for index in getattr(graph, side):
            maps.append(schema.TensorMapT())
            maps[-1].name, maps[-1].tensorIndex = graph.tensors[index].name.partition(b":")[0], index
        setattr(signature, side, maps)
    return signature


def _tensor(value: Value, buffers: list[Any]) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.isVariable = value.name.encode(), list(value.shape), value.variable
    tensor.type = ENUMS["TensorType"].index(value.type)
    if value.scale is not None:
        tensor.quantization = schema.QuantizationParametersT()
        scales = np.atleast_1d(np.asarray(value.scale, np.float32))
        tensor.quantization.scale = scales
        tensor.quantization.zeroPoint = np.full(scales.size, value.zero_point, np.int64)
        tensor.quantization.quantizedDimension = value.dimension
    if value.data is not None:
        tensor.buffer = len(buffers)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value.data).tobytes(), np.uint8)
        buffers.append(buffer)
    return tensor


def _operator(step: Step, place: dict[Value, int], codes: list[Any]) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = OPERATORS.index(step.name)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    operator = schema.OperatorT()
    operator.opcodeIndex = len(codes)
    codes.append(code)
    operator.inputs = [-1 if value is None else place[value] for value in step.inputs]
    operator.outputs = [place[value] for value in step.outputs]
    declared = OPTIONS.get(step.name)
    if declared:
        operator.builtinOptionsType = declared.union_type
        operator.builtinOptions = getattr(schema, BUILTIN_OPTIONS[declared.union_type] + "T")()
        kinds = dict(field.partition("=")[0].split(":") for field in declared.fields)
        for name, value in step.options.items():
            first, *words = name.split("_")
            number = ENUMS[kinds[name]].index(value) if kinds[name] in ENUMS else value
            setattr(operator.builtinOptions, first + "".join(word.title() for word in words), number)
    return operator
