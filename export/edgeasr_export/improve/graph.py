"""The graph of a Keras model, as the passes see it."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.forms.graph import refusal, walk
from edgeasr_export.improve.kernels import channel_axes
from edgeasr_export.improve.kinds import is_linear

__all__ = ["CLIPS_AT_ONCE", "Graph", "activations", "fitting", "normal_form", "rewire"]

F32 = NDArray[np.float32]

CLIPS_AT_ONCE = 16
_MEMORY_BYTES = 2**30
_OF_TRAINING = tuple(
    f"{what}_{kind}"
    for what in ("kernel", "depthwise", "bias", "activity")
    for kind in ("regularizer", "constraint", "initializer")
)
_SEPARABLE = {
    "SeparableConv1D": ("DepthwiseConv1D", "Conv1D"),
    "SeparableConv2D": ("DepthwiseConv2D", "Conv2D"),
}


class Graph:
    """The nodes of a model and what follows each.

    A node of Keras is one use of a layer or of another operation: `operation`, `input_tensors`, `outputs`, `arguments`.

    Args:
        model: a functional Keras model without models inside.

    Attributes:
        nodes: in the order in which they run.
    """

    def __init__(self, model: Any) -> None:
        self.nodes: list[Any] = []
        walk(model, None, lambda node, given: self.nodes.append(node))
        self._takers: dict[int, list[Any]] = {}
        for node in self.nodes:
            for tensor in node.input_tensors:
                self._takers.setdefault(id(tensor), []).append(node)
        self._end = id(model.outputs[0])
        layers = [id(node.operation) for node in self.nodes]
        self._shared = {layer for layer in layers if layers.count(layer) > 1}

    def linear(self) -> list[Any]:
        """Give the nodes of `kinds.is_linear` layers that are used once."""
        return [node for node in self.nodes if is_linear(node.operation) and id(node.operation) not in self._shared]

    def after(self, tensor: Any) -> Any | None:
        """Give the only node that takes a tensor.

        None where several do, where the tensor is an output of the model, or where the layer is used elsewhere too.
        """
        takers = self._takers.get(id(tensor), [])
        if len(takers) != 1 or id(tensor) == self._end or id(takers[0].operation) in self._shared:
            return None
        return takers[0]

    def chain(self, node: Any, through: Callable[[Any], bool]) -> list[Any]:
        """Follow the only way from a node on, as long as `through` holds for the layers.

        Returns:
            The nodes passed, and last the one for whose layer it does not hold; nothing where the way ends before.
        """
        passed: list[Any] = []
        following = self.after(node.outputs[0])
        while following:
            passed.append(following)
            if not through(following.operation):
                return passed
            following = self.after(following.outputs[0])
        return []


def normal_form(model: Any) -> Any:
    """Copy a model into the form that the passes work on; it computes the same.

    Functional, with nested models laid open. Convolutions and dense layers have a bias and no activation: that is a
    layer of its own after them (converters fuse it again). A separable convolution is a depthwise one and a pointwise
    one. Penalties of the training are gone, because they were meant for other weights.

    Args:
        model: a functional or sequential Keras model with one input and one output.

    Raises:
        ExportError: it is a model of another kind.
    """
    import keras

    copies: dict[int, list[tuple[Any, list[Any]]]] = {}
    names: set[str] = set()

    def call(node: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(node.operation, keras.Layer):
            return node.operation(*args, **kwargs)
        if id(node.operation) not in copies:
            copies[id(node.operation)] = _parts(node.operation, names)
        (first, _), *rest = copies[id(node.operation)]
        output = first(*args, **kwargs)
        for layer, _ in rest:
            output = layer(output)
        return output

    walk(model, None, lambda node, given: None)  # raises where that cannot be done
    copy = rewire(model, call)
    for parts in copies.values():
        for layer, weights in parts:
            layer.set_weights(weights)
    return copy


def rewire(model: Any, call: Callable[..., Any], enter: Callable[[Any], Any] = lambda inputs: inputs) -> Any:
    """Build a functional model along the graph of another one.

    Args:
        model: the model to follow.
        call: gives the output of each node: (node of `model`, *what goes in) -> Keras tensor.
        enter: gives what goes into the first layers: (input of the new model) -> Keras tensor.
    """
    import keras

    def visit(node: Any, given: Sequence[Any]) -> Any:
        args, kwargs = node.arguments.fill_in(dict(zip(map(id, node.input_tensors), given, strict=True)))
        return call(node, *args, **kwargs)

    (old,) = model.inputs
    inputs = keras.Input(batch_shape=old.shape, dtype=old.dtype, name=old.name)
    return keras.Model(inputs, walk(model, enter(inputs), visit), name=model.name)


def activations(model: Any, tensors: Sequence[Any], samples: F32) -> Iterator[list[F32]]:
    """Run a model on a few clips at a time and give the values of some of its tensors.

    Args:
        model: a functional model.
        tensors: Keras tensors of it.
        samples: float32 [clips, ...].
    """
    import keras

    if not tensors:
        return
    part = keras.Model(model.input, list(tensors))
    for start in range(0, len(samples), CLIPS_AT_ONCE):
        outputs = part(keras.ops.convert_to_tensor(samples[start : start + CLIPS_AT_ONCE]), training=False)
        yield [keras.ops.convert_to_numpy(output) for output in keras.tree.flatten(outputs)]


def fitting(model: Any, samples: F32) -> F32:
    """Choose so many samples, evenly, that what goes in and out of a layer for all of them fits into memory.

    Args:
        model: a functional model.
        samples: float32 [clips, frames, bins].
    """
    outputs = [node.outputs[0].shape[1:] for node in Graph(model).nodes]
    largest = max(math.prod(size or samples.shape[1] for size in shape) for shape in outputs)
    return samples[:: max(1, -(-2 * samples.itemsize * largest * len(samples) // _MEMORY_BYTES))]


def _parts(layer: Any, names: set[str]) -> list[tuple[Any, list[Any]]]:
    """Copy a layer as one or more layers, each with the weights that it is to get when it is built."""
    from keras import activations as functions
    from keras import layers

    config, weights, kind = layer.get_config(), layer.get_weights(), type(layer).__name__
    config["name"] = _unique(layer.name, names)
    if kind in _SEPARABLE and layer.data_format == "channels_last" and layer.padding != "causal":  # no depthwise one
        outer = {key: config[key] for key in ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier")}
        depthwise, pointwise = (getattr(layers, name) for name in _SEPARABLE[kind])
        name = _unique(f"{layer.name}_depthwise", names)
        inner = {"name": config["name"], "filters": layer.filters, "kernel_size": 1}
        parts = [(depthwise(name=name, **outer), weights[:1]), (pointwise(**inner), weights[1:])]
    elif is_linear(layer):
        plain = {"activation": "linear", "use_bias": True, **{key: None for key in _OF_TRAINING if key in config}}
        parts = [(type(layer).from_config(config | plain), weights)]
    else:
        try:
            return [(type(layer).from_config(config), weights)]
        except (NotImplementedError, TypeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise refusal(layer, f"cannot be copied ({reason}): export without the passes that improve") from error
    for part, values in parts:
        if len(values) == 1:
            channels = math.prod(values[0].shape[axis] for axis in channel_axes(part))
            values.append(np.zeros(channels, np.float32))
    if layer.activation is not functions.linear:
        parts.append((layers.Activation(layer.activation, name=_unique(f"{layer.name}_activation", names)), []))
    return parts


def _unique(name: str, names: set[str]) -> str:
    """Give a name that no other layer has: nested models may repeat those of the outer one."""
    found, number = name, 0
    while found in names:
        number += 1
        found = f"{name}_{number}"
    names.add(found)
    return found
