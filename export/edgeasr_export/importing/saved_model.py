"""SavedModels, of TensorFlow 1 or 2 and any Keras: their signature, frozen.

A bundle keeps the graph of the signature with its variables as constants: a SavedModel that is one file. The graph is
loaded the way of TensorFlow 1, which takes no notice of the Python objects beside it: those of an optimizer of Keras 2
cannot be loaded any more, and nobody needs them here.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ExportError
from edgeasr_export.exporters import exporter
from edgeasr_export.importing.shape import fit_shape
from edgeasr_export.importing.source import Kind, Source

__all__ = ["SAVED_MODEL", "adopt"]

_SIGNATURE = "serving_default"
_FILE = "saved_model.pb"  # the name that TensorFlow expects
_ELEMENT_SHAPE = {"TensorListReserve": 0, "TensorListStack": 1}  # which input says it


def adopt(path: Path, folder: Path, features: tuple[int, ...]) -> tuple[Source, tuple[int, ...]]:
    """Freeze a SavedModel; see `Kind`.

    Raises:
        ExportError: it cannot be loaded, or is not a model of one float32 input and one output.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        try:
            loaded = v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(path))
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(f"{path}: TensorFlow cannot load it as a SavedModel ({reason}): save it again") from error
        given, result = _signature(loaded.signature_def, path)
        shape = fit_shape(_sizes(given, features), features, str(path))
        frozen = v1.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), [result.name.partition(":")[0]]
        )
    _prune(frozen)
    _check_finite(frozen, path)
    for nodes in (frozen.node, *(function.node_def for function in frozen.library.function)):
        _fix_lists(nodes)
    _save(frozen, given.name, result.name, (1, *shape), folder / "saved_model")
    shutil.move(folder / "saved_model" / _FILE, folder / SAVED_MODEL.file)
    return Source("saved-model", folder / SAVED_MODEL.file), shape


def _signature(signatures: Any, path: Path) -> tuple[Any, Any]:
    """Give the input and the output of a signature: `TensorInfo` of each."""
    import tensorflow as tf

    callable_ = {name: one for name, one in signatures.items() if one.inputs and one.outputs}
    if _SIGNATURE not in callable_ and len(callable_) != 1:
        raise ExportError(
            f"{path}: expected a signature {_SIGNATURE}, got {', '.join(sorted(callable_)) or 'none'}: save the model "
            "with model.export()"
        )
    signature = callable_.get(_SIGNATURE) or next(iter(callable_.values()))
    for side, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        if len(tensors) != 1:
            raise ExportError(
                f"{path}: expected a model of one {side}, got {len(tensors)}: {', '.join(sorted(tensors))}"
            )
    (given,), (result,) = signature.inputs.values(), signature.outputs.values()
    if given.dtype != tf.float32.as_datatype_enum:
        raise ExportError(
            f"{path}: expected a float32 input, got {tf.as_dtype(given.dtype).name}: save the model in float32"
        )
    return given, result


def _sizes(tensor: Any, features: tuple[int, ...]) -> Sequence[int | None]:
    if tensor.tensor_shape.unknown_rank:
        return [None] * len(features)
    return [None if dimension.size < 0 else dimension.size for dimension in tensor.tensor_shape.dim[1:]]


def _all_nodes(graph: Any) -> list[Any]:
    return [*graph.node, *(node for function in graph.library.function for node in function.node_def)]


def _check_finite(graph: Any, path: Path) -> None:
    import tensorflow as tf

    for node in _all_nodes(graph):
        if node.op == "Const":
            values = tf.make_ndarray(node.attr["value"].tensor)
            if values.dtype.kind == "f" and values.size > 1 and not np.isfinite(values).all():
                raise ExportError(f"{path}: the weights {node.name} hold NaN or infinity: train it again")


def _prune(graph: Any) -> None:
    """Leave out functions that nothing calls, and hints.

    Of the functions some call others that are not there any more. Hints are the shapes before the batch was fixed, and
    which functions are Keras' LSTM: TFLite puts its own in their place, whose scores were found to differ by 3e-3.
    """
    functions = {function.signature.name: function for function in graph.library.function}
    called: set[str] = set()
    waiting = list(graph.node)
    while waiting:
        for attribute in waiting.pop().attr.values():
            for name in {attribute.func.name, *(one.name for one in attribute.list.func)} & (set(functions) - called):
                called.add(name)
                waiting.extend(functions[name].node_def)
    del graph.library.function[:]
    graph.library.function.extend(functions[name] for name in sorted(called))
    for function in graph.library.function:
        function.attr.clear()
    for node in _all_nodes(graph):
        node.attr.pop("_output_shapes", None)


def _fix_lists(nodes: Sequence[Any]) -> None:
    """Say of the lists in which recurrent layers collect their outputs that the batch is one.

    They were traced for any batch, [-1, units], and TFLite wants to know.
    """
    import tensorflow as tf

    constants = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}
    for node in nodes:
        name = node.input[_ELEMENT_SHAPE[node.op]].partition(":")[0] if node.op in _ELEMENT_SHAPE else ""
        if name not in constants:
            continue
        shape = tf.make_ndarray(constants[name])
        if shape.ndim == 1 and shape.tolist().count(-1) == 1 and shape[0] == -1:
            constants[name].CopyFrom(tf.make_tensor_proto([1, *shape[1:]], shape.dtype))


def _save(frozen: Any, given: str, result: str, shape: tuple[int, ...], folder: Path) -> None:
    """Write a graph as a SavedModel from `features` of a fixed shape to `scores`."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        features = v1.placeholder(tf.float32, shape, name="features")
        (scores,) = tf.graph_util.import_graph_def(frozen, {given: features}, [result], name="model")
        scores = tf.identity(scores, "scores")
        builder = v1.saved_model.Builder(str(folder))
        signature = v1.saved_model.predict_signature_def({"features": features}, {"scores": scores})
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], {_SIGNATURE: signature})
        builder.save()


def _run(path: Path, features: NDArray[np.float32]) -> NDArray[np.float32]:
    import tensorflow as tf

    with TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder) / _FILE)
        serve = tf.saved_model.load(folder).signatures[_SIGNATURE]
        return np.concatenate([serve(features=tf.constant(clip[None]))["scores"].numpy() for clip in features])


def _to_tflite(path: Path, target: Path) -> None:
    _write("tflite", path, target)


def _to_onnx(path: Path, target: Path) -> None:
    _write("onnx", path, target)


def _write(format: str, path: Path, target: Path) -> None:
    with TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder) / _FILE)
        exporter(format).convert(Path(folder), target)


SAVED_MODEL = Kind(
    file="model.pb", packages=("tensorflow",), adopt=adopt, run=_run, write={"tflite": _to_tflite, "onnx": _to_onnx}
)
