"""Fold batch norm into the layer before it, or the one after."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.improve.graph import Graph, normal_form, rewire
from edgeasr_export.improve.grid import Grid
from edgeasr_export.improve.kernels import assign_matrix, matrix
from edgeasr_export.improve.kinds import is_idle, is_linear

__all__ = ["fold"]

F32 = NDArray[np.float32]

_RECURRENT = ("SimpleRNN", "LSTM", "GRU")


def fold(model: Any, wanted: Any, samples: F32, grid: Grid) -> Any:
    """Fold batch norm into what is linear beside it; the model computes the same, and has that layer no more.

    Into the convolution or dense layer before it; where something stands between them, such as the ReLU, into the
    layer after it, unless that fills up its input with zeros, which would have to be moved as well. Where neither can
    be, batch norm stays.

    (B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    2018, section 3.2.)

    Args:
        model: the model.
        wanted, samples, grid: of no use here; all passes take them.

    Returns:
        A new model.
    """
    model = normal_form(model)
    graph = Graph(model)
    gone = set()
    for node in graph.linear():
        chain = graph.chain(node, is_idle)
        if chain and _is_norm(chain[-1]):
            _into_outputs(node.operation, *_scale_and_shift(chain[-1].operation))
            gone.add(id(chain[-1].operation))
    for node in graph.nodes:
        chain = graph.chain(node, is_idle)
        if id(node.operation) not in gone and _is_norm(node) and chain and _into_inputs(chain[-1], node.operation):
            gone.add(id(node.operation))
    return rewire(
        model, lambda node, *args, **kwargs: args[0] if id(node.operation) in gone else node.operation(*args, **kwargs)
    )


def _is_norm(node: Any) -> bool:
    kind, last_axis = type(node.operation).__name__, len(node.outputs[0].shape) - 1
    return kind == "BatchNormalization" and node.operation.axis in (-1, last_axis)


def _scale_and_shift(norm: Any) -> tuple[F32, F32]:
    """Give what a batch norm multiplies each channel with, and what it adds."""
    mean, variance = np.array(norm.moving_mean), np.array(norm.moving_variance)
    scale = (np.array(norm.gamma) if norm.scale else 1) / np.sqrt(variance + norm.epsilon)
    return scale, (np.array(norm.beta) if norm.center else 0) - mean * scale


def _into_outputs(layer: Any, scale: F32, shift: F32) -> None:
    kernel = matrix(layer)
    assign_matrix(layer, kernel * scale.reshape(len(kernel), 1, 1, -1))
    layer.bias.assign(np.array(layer.bias) * scale + shift)


def _into_inputs(following: Any, norm: Any) -> bool:
    """Fold into the layer that follows; give whether that can be."""
    layer, (scale, shift) = following.operation, _scale_and_shift(norm)
    if is_linear(layer) and getattr(layer, "padding", "valid") == "valid":
        kernel = matrix(layer)
        channels = (len(kernel), 1, -1, 1)
        layer.bias.assign(np.array(layer.bias) + (kernel * shift.reshape(channels)).sum(axis=(1, 2)).ravel())
        assign_matrix(layer, kernel * scale.reshape(channels))
        return True
    if type(layer).__name__ in _RECURRENT and layer.cell.use_bias:
        kernel, bias = np.array(layer.cell.kernel), np.array(layer.cell.bias)
        bias[(0, ...) if bias.ndim == 2 else ...] += shift @ kernel  # a GRU may have a second bias, of the recurrence
        layer.cell.bias.assign(bias)
        layer.cell.kernel.assign(kernel * scale[:, None])
        return True
    return False
