"""ONNX files, by tf2onnx."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgeasr.card import METADATA_KEY, Card
from edgeasr_export.exporters import Exporter
from edgeasr_export.layers import Operator, no_operator
from edgeasr_export.schemes.onnx import prepare

__all__ = ["ONNX", "OPSET"]

OPSET = 17
_LARGE_BYTES = 1 << 22


def _convert(saved_model: Path, target: Path) -> None:
    raw = target.with_suffix(".raw.onnx")
    _convert_float(saved_model, raw)
    prepare(raw, target)
    raw.unlink()


def _convert_float(saved_model: Path, target: Path) -> None:
    import onnx
    import tf2onnx

    graph, inputs, outputs = _freeze(saved_model)
    large = _take_out_large_constants(graph)
    model, _ = tf2onnx.convert.from_graph_def(
        graph,
        input_names=[*inputs, *large],
        output_names=list(outputs),
        opset=OPSET,
        tensors_to_rename={**inputs, **outputs},
    )
    for node in model.graph.node:  # tf2onnx leaves what it does not know as it is
        if not onnx.defs.has(node.op_type, node.domain):
            raise no_operator("ONNX", node.op_type, node.name)
    _put_in(model.graph, large)
    target.write_bytes(model.SerializeToString())


def _freeze(saved_model: Path) -> tuple[Any, dict[str, str], dict[str, str]]:
    """Give the graph of a SavedModel, its weights inside, and the names of inputs and outputs by those in the graph."""
    import tensorflow as tf
    from tf2onnx.tf_loader import convert_variables_to_constants_large_model

    loaded = tf.saved_model.load(str(saved_model))  # named, so that its variables live on
    serve = loaded.signatures["serving_default"]
    signature = serve.structured_input_signature[1]
    names = list(signature)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in signature.items()]
    )
    def named(*tensors: Any) -> Any:
        outputs = serve(**dict(zip(names, tensors, strict=True)))
        return {name: tf.identity(value, name) for name, value in outputs.items()}

    function = named.get_concrete_function()
    given = [tensor.name for tensor in function.inputs if tensor.dtype != tf.resource]
    outputs = {tensor.name: name for name, tensor in function.structured_outputs.items()}
    # TensorFlow's own way makes a function of it again, which takes twelve times the memory of the weights
    return convert_variables_to_constants_large_model(function), dict(zip(given, names, strict=True)), outputs


def _take_out_large_constants(graph: Any) -> dict[str, NDArray[Any]]:
    """Make inputs of a frozen graph's large constants; give their values by the names of these.

    tf2onnx copies all constants with every pass over the graph: those of 236 MB took 14 GB.
    """
    import tensorflow as tf

    large = {}
    for node in graph.node:
        if node.op == "Const" and node.attr["value"].ByteSize() > _LARGE_BYTES:
            values = tf.make_ndarray(node.attr["value"].tensor)
            large[f"{node.name}:0"] = values
            node.op = "Placeholder"
            del node.attr["value"]
            node.attr["shape"].shape.CopyFrom(tf.TensorShape(values.shape).as_proto())
    return large


def _put_in(graph: Any, constants: dict[str, NDArray[Any]]) -> None:
    """Make constants of inputs again."""
    from onnx import numpy_helper

    inputs = [value for value in graph.input if value.name not in constants]
    del graph.input[:]
    graph.input.extend(inputs)
    graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in constants.items())


def _operators(path: Path) -> list[Operator]:
    import onnx

    graph = onnx.load(path).graph
    constants = {tensor.name for tensor in graph.initializer}
    return [
        Operator(node.output[0], (*node.output, *(name for name in node.input if name in constants)))
        for node in graph.node
    ]


def _names(path: Path) -> dict[str, str]:
    import onnx

    graph = onnx.load(path).graph
    return {value.name: value.name for value in (*graph.input, *graph.output)}


def _quantisation(path: Path) -> dict[str, Any]:
    """Read the quantisation of the first and the last quantised activation; input and output themselves stay float."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    quantised = [node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] not in constants]
    if not quantised:
        return {"input": {"dtype": "float32"}, "output": {"dtype": "float32"}}

    def describe(node: Any) -> dict[str, Any]:
        scale, zero_point = (numpy_helper.to_array(constants[name]) for name in node.input[1:3])
        return {"dtype": zero_point.dtype.name, "scale": float(scale), "zero_point": int(zero_point)}

    return {"input": describe(quantised[0]), "output": describe(quantised[-1])}


def _embed(path: Path, card: Card) -> None:
    import onnx

    model = onnx.load(path)
    onnx.helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    onnx.save(model, path)


ONNX = Exporter(
    name="onnx",
    suffix=".onnx",
    packages=("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime"),
    convert=_convert,
    operators=_operators,
    names=_names,
    quantisation=_quantisation,
    embed=_embed,
)
