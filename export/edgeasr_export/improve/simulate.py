"""A Keras model that computes as its quantised file will: weights and activations rounded, in float."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.improve.graph import CLIPS_AT_ONCE, Graph, activations, rewire
from edgeasr_export.improve.grid import Grid, round_activation, round_kernel
from edgeasr_export.improve.kernels import channel_axes
from edgeasr_export.improve.kinds import is_linear, is_moving, is_relu

__all__ = ["Simulation"]

F32 = NDArray[np.float32]
Visit = Callable[[Any, F32], None]


def _pass_by(node: Any, values: F32) -> None:
    pass


class Simulation:
    """The quantised forward pass of a model, as a Keras model with the same layers: to train it is to train them.

    Of recurrent layers the weights and the output are rounded, what happens in between stays float.

    Args:
        original: a functional model, as `graph.normal_form` gives it.
        grid: the numbers that are left.

    Attributes:
        model: the Keras model.
    """

    def __init__(self, original: Any, grid: Grid) -> None:
        self._original = original
        self._originals: dict[int, Any] = {}  # nodes of linear layers, by the id of the layer in their place here
        self._points: list[tuple[Any, Any]] = []  # a tensor of the original, and the layer that rounds it here
        graph = Graph(original)
        linear = graph.linear()
        wrapped: dict[int, Any] = {}  # by id of the layer, which may be used several times
        with_rounded_weights, rounded = _layers()

        def call(node: Any, *args: Any, **kwargs: Any) -> Any:
            layer = node.operation
            if _kernels(layer):
                layer = wrapped.setdefault(id(layer), with_rounded_weights(layer, grid))
            output = layer(*args, **kwargs)
            if node in linear:
                self._originals[id(layer)] = node
            return output if _keeps_steps(node, graph) else round_values(node.outputs[0], output)

        def round_values(original: Any, values: Any) -> Any:
            if grid.activation_bits is None:
                return values
            self._points.append((original, rounded(grid.activation_bits)))
            return self._points[-1][1](values)

        self.model = rewire(original, call, enter=lambda inputs: round_values(original.inputs[0], inputs))

    def calibrate(self, samples: F32) -> None:
        """Set the ranges of the activations to those of the original on samples: float32 [clips, ...]."""
        ranges = [(0.0, 0.0)] * len(self._points)
        for values in activations(self._original, [tensor for tensor, _ in self._points], samples):
            ranges = [
                (min(low, each.min()), max(high, each.max())) for (low, high), each in zip(ranges, values, strict=True)
            ]
        for (_, layer), (low, high) in zip(self._points, ranges, strict=True):
            layer.low.assign(low)
            layer.high.assign(high)

    def walk(self, samples: F32, before: Visit = _pass_by, after: Visit = _pass_by) -> None:
        """Run the model layer by layer on all samples, and stop at each convolution and dense layer that is used once.

        Args:
            samples: float32 [clips, ...]; `graph.fitting` says how many.
            before: is given the node of the original and what goes in, float32 [clips, ..., channels]; it may change
                the layer.
            after: is given the node and what came out; it may change both.
        """
        from keras import ops, tree

        graph = Graph(self.model)
        values = {id(self.model.inputs[0]): samples}
        waiting = Counter(id(tensor) for node in graph.nodes for tensor in node.input_tensors)
        for node in graph.nodes:
            original = self._originals.get(id(node.operation))
            if original:
                before(original, values[id(node.input_tensors[0])])
            given = {id(tensor): values[id(tensor)] for tensor in node.input_tensors}
            parts = []
            for start in range(0, len(samples), CLIPS_AT_ONCE):
                few = {key: ops.convert_to_tensor(each[start : start + CLIPS_AT_ONCE]) for key, each in given.items()}
                args, kwargs = node.arguments.fill_in(few)
                parts.append(ops.convert_to_numpy(tree.flatten(node.operation(*args, **kwargs))[0]))
            values[id(node.outputs[0])] = taken = np.concatenate(parts)
            if original:
                after(original, taken)
            waiting.subtract(map(id, node.input_tensors))
            for key in given:
                if not waiting[key]:
                    del values[key]


def _keeps_steps(node: Any, graph: Graph) -> bool:
    """Say whether what comes out of a node is not rounded: it is already, or a ReLU follows that becomes part."""
    following = graph.after(node.outputs[0])
    fused = following is not None and is_relu(following.operation)
    return is_moving(node.operation) or (
        fused and (is_linear(node.operation) or type(node.operation).__name__ == "Add")
    )


def _kernels(layer: Any) -> list[tuple[Any, tuple[int, ...]]]:
    """Give the variables of a layer that are quantised, and their axes of output channels."""
    if is_linear(layer):
        return [(layer.kernel, channel_axes(layer))]
    parts = [getattr(layer, name) for name in ("forward_layer", "backward_layer", "cell") if hasattr(layer, name)]
    if parts:
        return [kernel for part in parts for kernel in _kernels(part)]
    return [
        (getattr(layer, name), (-1,)) for name in ("kernel", "recurrent_kernel") if hasattr(layer, "recurrent_kernel")
    ]


@functools.cache
def _layers() -> tuple[Any, Any]:
    """Define the Keras layers, which is put off until Keras is there."""
    import keras

    class WithRoundedWeights(keras.layers.Layer):  # type: ignore[misc]
        """A layer that computes with rounded weights; its own stay as they are, and get the gradient."""

        def __init__(self, layer: Any, grid: Grid) -> None:
            super().__init__(name=f"{layer.name}_rounded")
            self.layer, self._grid = layer, grid
            self.built = True

        def call(self, inputs: Any, **kwargs: Any) -> Any:
            rounded = {id(kernel): round_kernel(kernel, axes, self._grid) for kernel, axes in _kernels(self.layer)}
            values = [(variable, rounded.get(id(variable), variable.value)) for variable in self.layer.variables]
            with keras.StatelessScope(values) as scope:
                output = self.layer(inputs, **kwargs)
            for variable in self.layer.non_trainable_variables:  # the random state of dropout goes on
                variable.assign(scope.get_current_value(variable))
            return output

    class Rounded(keras.layers.Layer):  # type: ignore[misc]
        """Values rounded to the steps of a range."""

        def __init__(self, bits: int) -> None:
            super().__init__()
            self._bits = bits
            self.low, self.high = (self.add_weight(shape=(), trainable=False, name=name) for name in ("low", "high"))

        def call(self, values: Any) -> Any:
            return round_activation(values, self.low, self.high, self._bits)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return WithRoundedWeights, Rounded
