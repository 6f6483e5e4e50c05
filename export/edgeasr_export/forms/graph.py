"""The graph of a Keras model, walked from its input to its output."""

from collections.abc import Callable, Sequence
from typing import Any

from edgeasr.errors import ExportError
from edgeasr.features.layer import NAME

__all__ = ["clip_shape", "is_frontend", "refusal", "walk"]


def walk(model: Any, value: Any, visit: Callable[[Any, Sequence[Any]], Any]) -> Any:
    """Carry a value through a model of one input and one output; models inside are walked too, but for a front end.

    Args:
        model: a Keras model, functional or sequential.
        value: of the input.
        visit: gives the value of a node's output from the node (`node.operation`, `node.arguments`) and the values of
            its inputs.

    Returns:
        The value of the output.

    Raises:
        ExportError: the model has several inputs or outputs, or is a class of its own without a graph.
    """
    import keras

    _check(model)
    graph = model._functional if isinstance(model, keras.Sequential) else model
    values = {id(graph.inputs[0]): value}
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input:
                continue
            given = [values[id(tensor)] for tensor in node.input_tensors]
            if len(node.outputs) != 1:
                raise refusal(node.operation, f"has {len(node.outputs)} outputs, expected one")
            inner = isinstance(node.operation, keras.Model) and len(given) == 1 and not is_frontend(node.operation)
            values[id(node.outputs[0])] = walk(node.operation, given[0], visit) if inner else visit(node, given)
    return values[id(graph.outputs[0])]


def is_frontend(layer: Any) -> bool:
    """Say whether a layer is a front end inside the model: one operation, by whose name the file's are found."""
    import keras

    return isinstance(layer, keras.Model) and layer.name == NAME


def clip_shape(model: Any, frames: int) -> tuple[int, ...]:
    """Get the shape of a clip of so many frames, (frames, bins), as the model takes it.

    Raises:
        ExportError: it takes clips of another length, has several inputs or outputs, or is no graph.
    """
    _check(model)
    length, *shape = model.inputs[0].shape[1:]
    if length not in (None, frames):
        raise ExportError(f"model {model.name!r} takes clips of {length} frames, expected {frames}")
    return (frames, *shape)


def _check(model: Any) -> None:
    import keras

    if not isinstance(model, keras.Sequential) and not hasattr(model, "_nodes_by_depth"):
        raise ExportError(f"model {model.name!r} is a class of its own: build it with keras.Model(inputs, outputs)")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ExportError(
            f"model {model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} outputs: expected one each"
        )


def refusal(operation: Any, why: str) -> ExportError:
    """Make the error for a layer that stands in the way, for which a reason is given."""
    return ExportError(f"layer {operation.name!r} ({type(operation).__name__}) {why}")
