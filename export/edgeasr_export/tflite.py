"""TFLite files, by TensorFlow's converter."""

import re
from pathlib import Path
from typing import Any

from edgeasr.card import Card
from edgeasr.quiet import quiet
from edgeasr.tflite.model import read_model
from edgeasr.tflite.quantisation import quantisation_of
from edgeasr_export.exporters import Exporter
from edgeasr_export.layers import Operator, no_operator
from edgeasr_export.metadata import write_model
from edgeasr_export.trace import signature_tensors

__all__ = ["TFLITE"]

# what the converter says of an operation; the path has the name of a function behind it
_UNKNOWN = re.compile(r'fused\["(?P<kind>\w+):", "(?P<path>[^"@]+)@.*\'tf\.(?P=kind)\' op is neither')


def _convert(saved_model: Path, target: Path) -> None:
    import tensorflow as tf

    try:
        target.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved_model)).convert())
    except Exception as error:  # the converter's own class has no public name
        if found := _UNKNOWN.search(str(error)):
            raise no_operator("TFLite", found["kind"], found["path"]) from error
        raise


def _open(model: Path) -> Any:
    from edgeasr.runtime.tflite import interpreter_package

    _, module = interpreter_package()
    with quiet():
        return module.Interpreter(
            model_path=str(model),
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )


def _operators(model: Path) -> list[Operator]:
    graph = read_model(model).subgraphs[0]
    found = []
    for operator in graph.operators:
        given = [graph.tensors[index] for index in operator.inputs if index >= 0]
        outputs = [graph.tensors[index].name for index in operator.outputs]
        constants = [tensor.name for tensor in given if tensor.data is not None]
        found.append(Operator(outputs[0], (*outputs, *constants)))
    return found


def _names(model: Path) -> dict[str, str]:
    interpreter = _open(model)
    details = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
    tensors = signature_tensors(interpreter)
    return {name: details[index] for side in ("inputs", "outputs") for name, index in tensors[side].items()}


def _quantisation(model: Path) -> dict[str, Any]:
    graph = read_model(model).subgraphs[0]
    return {
        "input": quantisation_of(graph.tensors[graph.inputs[0]]),
        "output": quantisation_of(graph.tensors[graph.outputs[0]]),
    }


def _embed(model: Path, card: Card) -> None:
    from ai_edge_litert import schema_py_generated as schema

    model.write_bytes(write_model(schema.ModelT.InitFromPackedBuf(model.read_bytes(), 0), card))


TFLITE = Exporter(
    name="tflite",
    suffix=".tflite",
    packages=("keras", "tensorflow", "ai_edge_quantizer"),
    convert=_convert,
    operators=_operators,
    names=_names,
    quantisation=_quantisation,
    embed=_embed,
)
