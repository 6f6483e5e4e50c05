"""ONNX files, by tf2onnx, quantised by ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import METADATA_KEY, Card
from edgeasr_export.exporters import Exporter
from edgeasr_export.schemes import Scheme

__all__ = ["ONNX"]

_OPSET = 17


def _convert(saved_model: Path, target: Path, scheme: Scheme, calibration: NDArray[np.float32]) -> dict[str, Any]:
    float_model = saved_model.with_suffix(".float32.onnx")
    if not float_model.exists():
        _convert_float(saved_model, float_model)
    scheme.quantise_onnx(float_model, target, calibration)
    return _quantisation(target)


def _convert_float(saved_model: Path, target: Path) -> None:
    import tensorflow as tf
    import tf2onnx

    loaded = tf.saved_model.load(str(saved_model))
    serve = loaded.signatures["serving_default"]
    (signature,) = serve.structured_input_signature[1].values()

    @tf.function(input_signature=[tf.TensorSpec(signature.shape, signature.dtype, "features")])  # type: ignore[untyped-decorator]
    def named(features: Any) -> Any:
        (scores,) = serve(features).values()
        return tf.identity(scores, "scores")

    with target.open("wb") as file:
        model, _ = tf2onnx.convert.from_function(named, named.input_signature, opset=_OPSET)
        file.write(model.SerializeToString())


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
    suffix=".onnx",
    packages=("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime"),
    convert=_convert,
    embed=_embed,
)
