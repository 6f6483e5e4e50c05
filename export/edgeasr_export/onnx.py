"""ONNX files, by tf2onnx."""

from pathlib import Path
from typing import Any

from edgeasr.card import METADATA_KEY, Card
from edgeasr_export.exporters import Exporter
from edgeasr_export.layers import Operator
from edgeasr_export.schemes.onnx import prepare

__all__ = ["ONNX"]

_OPSET = 17


def _convert(saved_model: Path, target: Path) -> None:
    raw = target.with_suffix(".raw.onnx")
    _convert_float(saved_model, raw)
    prepare(raw, target)
    raw.unlink()


def _convert_float(saved_model: Path, target: Path) -> None:
    import tensorflow as tf
    import tf2onnx

    loaded = tf.saved_model.load(str(saved_model))
    serve = loaded.signatures["serving_default"]
    inputs = serve.structured_input_signature[1]
    signature = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in inputs.items()]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def named(*tensors: Any) -> Any:
        outputs = serve(**dict(zip(inputs, tensors, strict=True)))
        return {name: tf.identity(value, name) for name, value in outputs.items()}

    model, _ = tf2onnx.convert.from_function(named, signature, opset=_OPSET)
    target.write_bytes(model.SerializeToString())


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
