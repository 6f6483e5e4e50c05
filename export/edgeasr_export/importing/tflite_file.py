"""Float TFLite files."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.child import report
from edgeasr.errors import ExportError
from edgeasr.packages import require
from edgeasr.quiet import quiet
from edgeasr.runtime.tflite import interpreter_package
from edgeasr.tflite import Subgraph, Tensor, read_model
from edgeasr.tflite.inline import inlined
from edgeasr_export.importing.shape import fit_shape
from edgeasr_export.importing.source import FLOAT_WANTED, Kind, Source

__all__ = ["TFLITE"]


def _adopt(path: Path, folder: Path, features: tuple[int, ...]) -> tuple[Source, tuple[int, ...]]:
    graph = read_model(path).subgraphs[0]
    _check(graph, path)
    given, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    shape = fit_shape(given.shape[1:], features, str(path))
    weights = [tensor for tensor in graph.tensors if tensor.scale is not None]
    if weights:
        report(note=f"{len(weights)} weights of {path.name} are int8; they are taken as the floats that they stand for")
    target = folder / TFLITE.file
    target.write_bytes(_rewrite(inlined(path.read_bytes()), given.index, result.index, weights))
    return Source("tflite", target), shape


def _check(graph: Subgraph, path: Path) -> None:
    for side, tensors in (("input", graph.inputs), ("output", graph.outputs)):
        if len(tensors) != 1:
            names = ", ".join(graph.tensors[index].name for index in tensors)
            raise ExportError(f"{path}: expected a model of one {side}, got {len(tensors)}: {names}")
    for operator in graph.operators:
        if operator.name.startswith("CUSTOM:"):
            raise ExportError(
                f"{path}: has the operator {operator.name.removeprefix('CUSTOM:')}, which is not TFLite's own: convert "
                "the model with built-in operators alone"
            )
        if operator.name in ("QUANTIZE", "DEQUANTIZE"):
            raise ExportError(f"{path}: is quantised (it has {operator.name}): {FLOAT_WANTED}")
    for tensor in graph.tensors:
        if tensor.scale is not None and tensor.data is None:
            raise ExportError(f"{path}: is quantised ({tensor.name} is {tensor.type.lower()}): {FLOAT_WANTED}")
        if tensor.type == "FLOAT64":
            raise ExportError(f"{path}: expected float32, got float64 in {tensor.name}: convert the model in float32")
        if tensor.data is not None and tensor.type == "FLOAT32" and not np.isfinite(tensor.data).all():
            raise ExportError(f"{path}: the weights {tensor.name} hold NaN or infinity: train it again")
    given = graph.tensors[graph.inputs[0]]
    if given.type != "FLOAT32":
        raise ExportError(f"{path}: expected a float32 input, got {given.type.lower()}: convert the model in float32")


def _rewrite(model: bytes, given: int, result: int, weights: Sequence[Tensor]) -> bytes:
    """Name input and output, make floats of weights, and fix open dimensions at the sizes that stand in the file.

    Other signatures, metadata and what was appended to the file, which may say otherwise, are left out.
    """
    schema = require("ai_edge_litert.schema_py_generated", "device", "importing a TFLite file")
    flatbuffers = require("flatbuffers", "device", "importing a TFLite file")
    tree = schema.ModelT.InitFromPackedBuf(model)
    tensors = tree.subgraphs[0].tensors
    tensors[given].name, tensors[result].name = b"features", b"scores"
    for weight in weights:
        content = schema.BufferT()
        content.data = np.frombuffer(_floats(weight).tobytes(), np.uint8)
        tensors[weight.index].type, tensors[weight.index].quantization = schema.TensorType.FLOAT32, None
        tensors[weight.index].buffer = len(tree.buffers)
        tree.buffers.append(content)
    for tensor in tensors:
        tensor.shapeSignature = None
    for operator in tree.operatorCodes:  # old files have the first only, which ai-edge-quantizer does not read
        operator.builtinCode = max(operator.deprecatedBuiltinCode, operator.builtinCode)
    tree.signatureDefs, tree.metadata = [_signature(schema, given, result)], None
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _signature(schema: Any, given: int, result: int) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [schema.TensorMapT()], [schema.TensorMapT()]
    for (entry,), name, index in (
        (signature.inputs, b"features", given),
        (signature.outputs, b"scores", result),
    ):
        entry.name, entry.tensorIndex = name, index
    return signature


def _floats(weight: Tensor) -> NDArray[np.float32]:
    if weight.data is None or weight.scale is None or weight.zero_point is None:
        raise ValueError(f"{weight.name} is no constant with a scale")
    channels = [1] * weight.data.ndim
    channels[weight.quantised_dimension] = -1
    scale, zero_point = weight.scale.reshape(channels), weight.zero_point.reshape(channels)
    return ((weight.data.astype(np.float32) - zero_point) * scale).astype(np.float32)


def _run(path: Path, features: NDArray[np.float32]) -> NDArray[np.float32]:
    _, module = interpreter_package()
    with quiet():
        interpreter = module.Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
    given, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def scores(clip: NDArray[np.float32]) -> Any:
        interpreter.set_tensor(given, clip[None])
        interpreter.invoke()
        return interpreter.get_tensor(result)

    return np.concatenate([scores(clip) for clip in features])


def _copy(path: Path, target: Path) -> None:
    shutil.copyfile(path, target)


def _to_onnx(path: Path, target: Path) -> None:
    import tf2onnx

    from edgeasr_export.importing.onnx_file import write_prepared
    from edgeasr_export.onnx import OPSET

    model, _ = tf2onnx.convert.from_tflite(str(path), opset=OPSET)
    write_prepared(model, target)


TFLITE = Kind(
    file="model.tflite", packages=("ai_edge_litert",), adopt=_adopt, run=_run, write={"tflite": _copy, "onnx": _to_onnx}
)
