"""What ESPHome's loader checks before it runs a microWakeWord model, and what it would fail at.

Source: esphome/esphome, components/micro_wake_word.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from edgeasr.errors import ArtefactError
from edgeasr.features.micro import MICRO
from edgeasr.microwakeword.manifest import model_of, read_manifest

if TYPE_CHECKING:
    from edgeasr.tflite.model import Model, Tensor

__all__ = ["check_model", "refusals"]

_SCHEMA_VERSION = 3
_MOST_VARIABLES = 20
_OPERATORS = frozenset(
    (
        *("CALL_ONCE", "VAR_HANDLE", "RESHAPE", "READ_VARIABLE", "STRIDED_SLICE", "CONCATENATION", "ASSIGN_VARIABLE"),
        *("CONV_2D", "MUL", "ADD", "MEAN", "FULLY_CONNECTED", "LOGISTIC", "QUANTIZE", "DEPTHWISE_CONV_2D"),
        *("AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD", "PACK", "SPLIT_V"),
    )
)  # that ESPHome's resolver registers


def check_model(model: "Model", where: str) -> None:
    """Check what ESPHome checks before it runs a model, and what it would fail at.

    Args:
        model: the TFLite file.
        where: what it is, for messages.

    Raises:
        ArtefactError: a check fails, or several.
    """
    complaints = list(_complaints(model))
    if complaints:
        raise ArtefactError(f"{where}: not a model that ESPHome runs: {'; '.join(complaints)}")


def refusals(path: Path) -> list[str]:
    """List what ESPHome's loader would refuse a manifest and its model for; empty where it takes them.

    Whether the arena is large enough is not among it.

    Args:
        path: the manifest.

    Raises:
        ArtefactError: the model cannot be read.
    """
    from edgeasr.tflite.flatbuffer import FlatBuffer
    from edgeasr.tflite.model import read_model

    try:
        named = path.parent / Path(read_manifest(path).model).name
        model = model_of(path)
    except ArtefactError as error:
        return [str(error)]
    found = [] if model == named else [f"its model {named.name} is not beside it"]
    version = FlatBuffer(model.read_bytes(), str(model)).root().number(0, "I")
    if version != _SCHEMA_VERSION:
        found.append(f"expected version {_SCHEMA_VERSION} of TFLite's schema, got {version}")
    return [*found, *_complaints(read_model(model))]


def _complaints(model: "Model") -> list[str]:
    graph = model.subgraphs[0]
    found = []
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return [f"expected one input and one output, got {len(graph.inputs)} and {len(graph.outputs)}"]
    given, scored = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    if given.type != "INT8" or len(given.shape) != 3 or (given.shape[0], given.shape[2]) != (1, MICRO.mel_bins):
        found.append(f"expected an input int8 [1, frames, {MICRO.mel_bins}], got {_kind(given)}")
    if scored.type != "UINT8" or scored.shape != (1, 1):
        found.append(f"expected an output uint8 [1, 1], got {_kind(scored)}")
    operators = [operator for part in model.subgraphs for operator in part.operators]
    foreign = sorted({operator.name for operator in operators} - _OPERATORS)
    if foreign:
        found.append(f"it has no {', '.join(foreign)}")
    variables = {operator.options.get("shared_name") for operator in operators if operator.name == "VAR_HANDLE"}
    if len(variables) > _MOST_VARIABLES:
        found.append(f"expected at most {_MOST_VARIABLES} resource variables, got {len(variables)}")
    return found


def _kind(tensor: "Tensor") -> str:
    return f"{tensor.type.lower()} {list(tensor.shape)}"
