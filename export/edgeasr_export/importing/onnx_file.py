"""Float ONNX files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ExportError
from edgeasr_export.importing.shape import fit_shape
from edgeasr_export.importing.source import FLOAT_WANTED, Kind, Source
from edgeasr_export.schemes.onnx import prepare

__all__ = ["ONNX", "write_prepared"]

_OLDEST_OPSET = 13  # the first that quantises by channel
_DOMAINS = ("", "ai.onnx")
_QUANTISED = (
    "QuantizeLinear",
    "DynamicQuantizeLinear",
    "DequantizeLinear",
    "QLinearConv",
    "ConvInteger",
    "MatMulInteger",
)


def _adopt(path: Path, folder: Path, features: tuple[int, ...]) -> tuple[Source, tuple[int, ...]]:
    import onnx

    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf's, and onnx' own
        reason = str(error).strip().partition("\n")[0]
        raise ExportError(f"{path}: not an ONNX file that can be read ({reason}): convert it again") from error
    given = _check(model, path)
    sizes = [size.dim_value or None for size in given.type.tensor_type.shape.dim[1:]]
    shape = fit_shape(sizes, features, str(path))
    if next(entry.version for entry in model.opset_import if entry.domain in _DOMAINS) < _OLDEST_OPSET:
        model = onnx.version_converter.convert_version(model, _OLDEST_OPSET)
    _fix_shape(model, given.name, (1, *shape))
    _rename(model.graph)
    onnx.save(model, folder / ONNX.file)
    return Source("onnx", folder / ONNX.file), shape


def _check(model: Any, path: Path) -> Any:
    """Check a model; give its input."""
    import onnx
    from onnx import numpy_helper

    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]  # old files list their weights too
    for side, values in (("input", inputs), ("output", graph.output)):
        if len(values) != 1:
            names = ", ".join(value.name for value in values)
            raise ExportError(f"{path}: expected a model of one {side}, got {len(values)}: {names}")
    for node in graph.node:
        if node.op_type in _QUANTISED:
            raise ExportError(f"{path}: is quantised (it has {node.op_type}): {FLOAT_WANTED}")
        if node.domain not in _DOMAINS:
            raise ExportError(
                f"{path}: has the operator {node.op_type} of {node.domain}, which is not ONNX' own: convert the model "
                "with standard operators alone"
            )
    kind = inputs[0].type.tensor_type.elem_type
    if kind != onnx.TensorProto.FLOAT:
        found = onnx.helper.tensor_dtype_to_np_dtype(kind)
        raise ExportError(f"{path}: expected a float32 input, got {found}: convert the model in float32")
    for name, tensor in constants.items():
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ExportError(f"{path}: the weights {name} hold NaN or infinity: train it again")
    return inputs[0]


def _fix_shape(model: Any, name: str, shape: tuple[int, ...]) -> None:
    """Fix the shape of the input `name`; what the file says of the shapes after it is worked out again."""
    import onnx

    graph = model.graph
    for value in graph.input:
        if value.name == name:
            value.CopyFrom(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    del graph.value_info[:]
    graph.output[0].type.tensor_type.ClearField("shape")
    model.CopyFrom(onnx.shape_inference.infer_shapes(model))


def _rename(graph: Any) -> None:
    """Call the input `features` and the output `scores`."""
    constants = {tensor.name for tensor in graph.initializer}
    (given,) = (value for value in graph.input if value.name not in constants)
    names = {given.name: "features", graph.output[0].name: "scores"}
    for value in (given, graph.output[0]):
        value.name = names[value.name]
    for node in graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [names.get(name, name) for name in tensors]


def write_prepared(model: Any, target: Path) -> None:
    """Write a model with our names, ready for quantising."""
    import onnx

    _rename(model.graph)
    raw = target.with_suffix(".raw.onnx")
    onnx.save(model, raw)
    prepare(raw, target)
    raw.unlink()


def _run(path: Path, features: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["scores"], {"features": clip[None]})[0] for clip in features])


ONNX = Kind(file="model.onnx", packages=("onnx", "onnxruntime"), adopt=_adopt, run=_run, write={"onnx": prepare})
