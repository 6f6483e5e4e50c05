"""Quantise float ONNX files: QDQ by ONNX Runtime's quantiser with our own ranges, and weights alone."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.machine import read_cpu
from edgeasr_export.calibration import Ranges
from edgeasr_export.schemes.scheme import Plan

__all__ = ["nodes_of", "prepare", "quantise", "quantise_weights"]

_WEIGHT_OPERATORS = ("Conv", "MatMul", "Gemm")
_SMALLEST_WEIGHT = 64  # elements; less is not worth an operator


def prepare(source: Path, target: Path) -> None:
    """Fold, fuse and infer shapes, as ONNX Runtime wants it before quantisation; ranges must be of this file."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    source, target = source.resolve(), target.resolve()
    with contextlib.chdir(target.parent):  # where it leaves a file when symbolic inference gives up
        try:
            quant_pre_process(source, target)
        except Exception:  # as it does on some loops, with exceptions of no class of its own
            quant_pre_process(source, target, skip_symbolic_shape=True)


def quantise(source: Path, target: Path, plan: Plan) -> None:
    """Write int8 as QDQ: pairs of QuantizeLinear and DequantizeLinear that ONNX Runtime fuses into integer kernels.

    Weights are signed. Activations are unsigned on x86, whose integer instructions multiply unsigned by signed (with
    signed ones a step of a recurrent network was five times slower), and signed elsewhere. Without VNNI these
    instructions saturate, so that weights get 7 bits there.

    Args:
        source: a file from `prepare`.
        target: gets the quantised one.
        plan: ranges of `source`, and what stays float.
    """
    import onnx
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
    from onnxruntime.quantization.registry import QDQRegistry

    model, cpu = onnx.load(source), read_cpu()
    x86 = cpu.architecture in ("x86_64", "AMD64")
    quantiser = QDQQuantizer(
        model,
        not plan.per_tensor,
        x86 and not cpu.features.get("VNNI", False),
        QuantType.QInt8,
        QuantType.QUInt8 if x86 else QuantType.QInt8,
        TensorsData(CalibrationMethod.MinMax, _statistics(plan.ranges)),
        [],
        nodes_of(model.graph, plan.keep_float),
        list(QDQRegistry),
        {},
    )
    quantiser.quantize_model()
    quantiser.model.save_model_to_file(str(target))


def quantise_weights(source: Path, target: Path, plan: Plan) -> None:
    """Keep weights as int8 times a scale; all is computed in float.

    ONNX Runtime works the product out once, when it loads the file. A DequantizeLinear it would run at each inference.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(source)
    graph = model.graph
    stay = set(nodes_of(graph, plan.keep_float))
    constants = {tensor.name: tensor for tensor in graph.initializer}
    wanted = {
        node.input[1]: node.op_type
        for node in graph.node
        if node.op_type in _WEIGHT_OPERATORS and node.name not in stay and node.input[1] in constants
    }
    added = []
    for name, operator in wanted.items():
        values = numpy_helper.to_array(constants[name])
        if values.dtype != np.float32 or values.size < _SMALLEST_WEIGHT or values.ndim < 2:
            continue
        axis = 0 if operator == "Conv" else values.ndim - 1
        others = tuple(other for other in range(values.ndim) if other != axis)
        largest = np.abs(values).max(axis=None if plan.per_tensor else others, keepdims=True)
        scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
        integers = np.clip(np.rint(values / scale), -127, 127).astype(np.int8)
        graph.initializer.remove(constants[name])
        graph.initializer.extend(
            (numpy_helper.from_array(integers, f"{name}_int8"), numpy_helper.from_array(scale, f"{name}_scale"))
        )
        added.append(onnx.helper.make_node("Cast", [f"{name}_int8"], [f"{name}_float"], to=onnx.TensorProto.FLOAT))
        added.append(onnx.helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]))
    nodes = [*added, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, target)


def nodes_of(graph: Any, outputs: tuple[str, ...]) -> list[str]:
    """Name the nodes whose first outputs these are."""
    return [node.name for node in graph.node if node.output[0] in outputs]


def _statistics(ranges: Ranges) -> dict[str, tuple[Any, Any]]:
    return {name: (np.array(low, np.float32), np.array(high, np.float32)) for name, (low, high) in ranges.items()}
