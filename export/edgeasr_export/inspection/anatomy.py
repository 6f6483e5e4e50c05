"""The operators of an artefact: shapes, bytes, multiply-accumulates, scales."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeasr.errors import ArtefactError
from edgeasr.packages import require
from edgeasr.tflite.model import Operator, Subgraph, read_model

__all__ = ["Layer", "describe"]


@dataclass(frozen=True)
class Layer:
    """One operator.

    Attributes:
        name: of its first output.
        operator: its kind, as the format calls it.
        shape: of its first output.
        dtype: of its first output.
        weight_bytes: of its constants.
        macs: multiply-accumulates of one inference; 0 of operators that multiply nothing, and of loops,
            whose bodies are not looked into.
        scale: of the quantised output; None where it is not, or where there is one for each channel.
        zero_point: the same.
    """

    name: str
    operator: str
    shape: tuple[int, ...]
    dtype: str
    weight_bytes: int
    macs: int
    scale: float | None
    zero_point: int | None


def describe(path: Path) -> list[Layer]:
    """List the operators of a `.tflite` or `.onnx` file in the order in which they run.

    Raises:
        ArtefactError: it is of another kind, or damaged.
    """
    if path.suffix == ".tflite":
        graph = read_model(path).subgraphs[0]
        return [_tflite_layer(operator, graph) for operator in graph.operators]
    if path.suffix == ".onnx":
        return _onnx_layers(path)
    raise ArtefactError(f"{path}: expected a .tflite or an .onnx file to look into")


def _tflite_layer(operator: Operator, graph: Subgraph) -> Layer:
    constants = [
        graph.tensors[index] for index in operator.inputs if index >= 0 and graph.tensors[index].data is not None
    ]
    if not operator.outputs:
        return Layer("", operator.name, (), "", sum(_bytes(constant) for constant in constants), 0, None, None)
    output = graph.tensors[operator.outputs[0]]
    one = output.scale is not None and len(output.scale) == 1
    return Layer(
        name=output.name,
        operator=operator.name,
        shape=output.shape,
        dtype=output.type.lower(),
        weight_bytes=sum(_bytes(constant) for constant in constants),
        macs=_tflite_macs(operator, graph),
        scale=float(output.scale[0]) if one and output.scale is not None else None,
        zero_point=int(output.zero_point[0]) if one and output.zero_point is not None else None,
    )


def _bytes(tensor: Any) -> int:
    size = int(tensor.data.nbytes)
    return -(-size // 2) if tensor.type in ("INT4", "UINT4") else size  # unpacked, two of them were a byte


def _tflite_macs(operator: Operator, graph: Subgraph) -> int:
    if operator.name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    weights, output = graph.tensors[operator.inputs[1]].shape, graph.tensors[operator.outputs[0]].shape
    # [out, height, width, in], [1, height, width, out], [out, in]: what one output value sums up
    terms = weights[1] * weights[2] if operator.name == "DEPTHWISE_CONV_2D" else math.prod(weights[1:])
    return math.prod(output) * terms


def _onnx_layers(path: Path) -> list[Layer]:
    onnx = require("onnx", "export", "looking into an ONNX file")
    try:
        model = onnx.shape_inference.infer_shapes(onnx.load(path))
    except Exception as error:  # protobuf's exceptions share no base class
        raise ArtefactError(f"{path}: not an ONNX file ({error}): export it again") from error
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    values = {value.name: value.type.tensor_type for value in (*graph.input, *graph.value_info, *graph.output)}
    shapes = {name: tuple(int(size.dim_value) for size in value.shape.dim) for name, value in values.items()}
    shapes |= {name: tuple(tensor.dims) for name, tensor in constants.items()}
    of_output = {node.input[0]: node for node in graph.node if node.op_type == "QuantizeLinear"}
    dequantised = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    layers = []
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            continue
        name = node.output[0]
        quantised = of_output.get(name)
        scale, zero_point = (
            (float(onnx.numpy_helper.to_array(constants[item]).ravel()[0]) for item in quantised.input[1:3])
            if quantised is not None
            else (None, None)
        )
        weights = {dequantised.get(item, item) for item in node.input} & constants.keys()
        layers.append(
            Layer(
                name=name,
                operator=node.op_type,
                shape=shapes.get(name, ()),
                dtype=onnx.numpy_helper.to_array(constants[quantised.input[2]]).dtype.name if quantised else "float32",
                weight_bytes=sum(onnx.numpy_helper.to_array(constants[item]).nbytes for item in weights),
                macs=_onnx_macs(node, shapes),
                scale=scale,
                zero_point=None if zero_point is None else int(zero_point),
            )
        )
    return layers


def _onnx_macs(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    output = math.prod(shapes.get(node.output[0], ()))
    if node.op_type in ("Conv", "ConvInteger"):
        return output * math.prod(shapes.get(node.input[1], (0, 0))[1:])
    if node.op_type in ("MatMul", "Gemm", "MatMulInteger"):
        return output * (shapes.get(node.input[0]) or (0,))[-1]
    return 0
