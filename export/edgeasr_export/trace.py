"""Traces: every activation of a converted file while it runs, which calibration and inspection look at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError

__all__ = ["Activations", "Feed", "trace"]

_DEQUANTISED = "_DequantizeLinear_Output"  # what ONNX Runtime's quantiser adds to the name of a tensor

Feed = Mapping[str, NDArray[Any]]  # by name of the input, batch of one
Activations = dict[str, NDArray[np.float32]]  # by name of the tensor


def trace(path: Path, feeds: Iterable[Feed]) -> Iterator[Activations]:
    """Run a file on each feed and give its input and all activations as floats, whatever the quantisation inside.

    What a runtime fuses away, and what stands in the body of a loop, is not seen.

    Args:
        path: a `.tflite` or `.onnx` file.
        feeds: what goes in, float32, by the names of the inputs; of a TFLite file those of its signature.

    Raises:
        ArtefactError: the file cannot be run.
    """
    how: dict[str, Callable[[Path, Iterable[Feed]], Iterator[Activations]]]
    how = {".tflite": _trace_tflite, ".onnx": _trace_onnx}
    if path.suffix not in how:
        raise ArtefactError(f"{path}: expected a .tflite or an .onnx file to trace")
    return how[path.suffix](path, feeds)


def _trace_tflite(path: Path, feeds: Iterable[Feed]) -> Iterator[Activations]:
    from edgeasr.quiet import quiet
    from edgeasr.runtime.tflite import Affine, interpreter_package

    _, module = interpreter_package()
    with quiet():  # the delegate would fuse, and keep no tensors
        interpreter = module.Interpreter(
            model_path=str(path),
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    inputs = signature_tensors(interpreter)["inputs"]
    produced = [int(index) for operator in interpreter._get_ops_details() for index in operator["outputs"]]
    seen = [
        index for index in dict.fromkeys((*inputs.values(), *produced)) if details[index]["dtype"] is not np.object_
    ]
    affine = {index: Affine(details[index]) for index in seen}
    for feed in feeds:
        for name, index in inputs.items():
            values = np.asarray(feed[name], np.float32).reshape(details[index]["shape"])
            interpreter.set_tensor(index, affine[index].to_integer(values))
        interpreter.invoke()
        yield {
            details[index]["name"]: affine[index]
            .to_float(interpreter.get_tensor(index))
            .reshape(details[index]["shape"])
            for index in seen
        }


def signature_tensors(interpreter: Any) -> dict[str, dict[str, int]]:
    """Give the indices of the tensors of a TFLite file by their names in its signature.

    As `{"inputs": {...}, "outputs": {...}}`; a file without a signature has the names of the tensors themselves.
    """
    signatures = interpreter._get_full_signature_list()
    if signatures:
        found: dict[str, dict[str, int]] = next(iter(signatures.values()))
        return found
    return {
        "inputs": {detail["name"]: detail["index"] for detail in interpreter.get_input_details()},
        "outputs": {detail["name"]: detail["index"] for detail in interpreter.get_output_details()},
    }


def _trace_onnx(path: Path, feeds: Iterable[Feed]) -> Iterator[Activations]:
    import onnx
    import onnxruntime

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    graph = model.graph
    types = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.output)}
    given = {value.name for value in graph.input}
    constants = {tensor.name for tensor in graph.initializer}
    floats = [
        name
        for node in graph.node
        if node.op_type != "DequantizeLinear" or node.input[0] not in constants
        for name in node.output
        if types.get(name) == onnx.TensorProto.FLOAT
    ]
    there = {value.name for value in graph.output}
    graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in floats if name not in there
    )
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    del model, graph  # which hold the weights too
    for feed in feeds:
        values = {name: np.asarray(array, np.float32) for name, array in feed.items() if name in given}
        seen = {**values, **dict(zip(floats, session.run(floats, values), strict=True))}
        quantised = {name: seen.pop(name) for name in list(seen) if name.endswith(_DEQUANTISED)}
        yield {**seen, **{name.removesuffix(_DEQUANTISED): value for name, value in quantised.items()}}
