"""The clip form: the whole clip at once."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from edgeasr.card import FEATURES, SCORES
from edgeasr_export.forms.cells import RECURRENT, lower
from edgeasr_export.forms.dilated import direct
from edgeasr_export.forms.form import Form
from edgeasr_export.forms.graph import clip_shape, walk

__all__ = ["clip"]


def clip(model: Any, frames: int, unroll: bool = False) -> Form:
    """Cut a model to take clips of a fixed length.

    Args:
        model: a Keras model of one input [frames, bins], whose frames may be open, and one output.
        frames: of a clip.
        unroll: make of recurrent layers plain ones, once for each frame. Otherwise they stay as they are, a loop that
            converters do not quantise. It is for models that cannot go step by step: that form is the better one, since
            of an unrolled file the runtime keeps a copy of the weights for each frame.

    Raises:
        ExportError: the model has several inputs or outputs, is no graph, or takes clips of another length.
    """
    import keras

    features = keras.Input(clip_shape(model, frames), name=FEATURES)
    in_one = cache(direct)  # a layer that is used twice stays one

    def visit(node: Any, given: Sequence[Any]) -> Any:
        plain = _plain(node.operation, given) if unroll else None
        if plain is not None:
            return plain
        values = {id(old): new for old, new in zip(node.input_tensors, given, strict=True)}
        args, kwargs = node.arguments.fill_in(values)
        return in_one(node.operation)(*args, **kwargs)

    scores = walk(model, features, visit)
    return Form(keras.Model({FEATURES: features}, {SCORES: scores}, name=model.name))


def _plain(layer: Any, given: Sequence[Any]) -> Any | None:
    """Apply a recurrent layer frame by frame; give None for other layers."""
    kind = type(layer).__name__
    if len(given) == 1 and kind in RECURRENT:
        return _unrolled(layer, given[0])
    if len(given) == 1 and kind == "Bidirectional" and type(layer.forward_layer).__name__ in RECURRENT:
        return _both_ways(layer, given[0])
    return None


def _unrolled(layer: Any, x: Any, flipped: bool = False) -> Any:
    """Apply a recurrent layer; `flipped` puts the frames of one that goes backwards into the order of time again."""
    from keras import ops

    cell = lower(layer)
    projected = ops.unstack(cell.project(x), axis=1)
    states = [ops.zeros_like(projected[0][:, : cell.units]) for _ in cell.states]
    outputs = []
    for frame in reversed(projected) if layer.go_backwards else projected:
        states = cell.advance(frame, states)
        outputs.append(states[0])
    if not layer.return_sequences:
        return outputs[-1]
    return ops.stack(outputs[::-1] if flipped else outputs, axis=1)


def _both_ways(layer: Any, x: Any) -> Any:
    from keras import layers

    forward, backward = _unrolled(layer.forward_layer, x), _unrolled(layer.backward_layer, x, flipped=True)
    merges = {
        "concat": layers.Concatenate,
        "sum": layers.Add,
        "mul": layers.Multiply,
        "ave": layers.Average,
    }
    return merges[layer.merge_mode](name=layer.name)([forward, backward])
