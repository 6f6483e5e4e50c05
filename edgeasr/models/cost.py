"""What an inference of a Keras model costs: multiply-accumulates."""

import math
from typing import Any

__all__ = ["count_macs"]


def count_macs(model: Any) -> int:
    """Count the multiply-accumulates of all convolutions, dense and recurrent layers.

    Additions, activations, pooling, normalisation and products of two activations are left out, as is usual.

    Args:
        model: a Keras model whose input has a fixed shape, but for the batch.

    Raises:
        ValueError: a dimension is open, or a layer with weights is of a kind whose cost is not known.
    """
    return sum(_macs(layer) for layer in model._flatten_layers(include_self=False, recursive=False))


def _macs(layer: Any) -> int:
    from keras import layers

    if isinstance(layer, layers.Bidirectional | layers.TimeDistributed):
        inner = (
            [layer.forward_layer, layer.backward_layer] if isinstance(layer, layers.Bidirectional) else [layer.layer]
        )
        steps = _size(layer.input.shape[1])
        return steps * sum(_kernels(one) for one in inner)
    if isinstance(layer, layers.RNN):
        return _size(layer.input.shape[1]) * _kernels(layer)
    if isinstance(layer, layers.BatchNormalization) or not layer.weights:
        return 0
    convolutions = layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D, layers.DepthwiseConv2D
    if isinstance(layer, (layers.Dense, *convolutions)):  # each applies its kernel at all positions of the output
        return math.prod(map(_size, layer.output.shape[1:-1])) * _kernels(layer)
    raise ValueError(f"expected convolutions, dense and recurrent layers, got {type(layer).__name__} {layer.name}")


def _kernels(layer: Any) -> int:
    """Count the weights that something is multiplied with."""
    return sum(math.prod(weight.shape) for weight in layer.weights if weight.name in ("kernel", "recurrent_kernel"))


def _size(dimension: int | None) -> int:
    if dimension is None:
        raise ValueError("expected a model of fixed shape, got an open dimension: build it for a number of frames")
    return dimension
