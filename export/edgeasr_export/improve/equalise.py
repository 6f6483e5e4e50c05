"""Equalise the channels between two layers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.improve.graph import Graph, activations, normal_form
from edgeasr_export.improve.grid import Grid
from edgeasr_export.improve.kernels import assign_matrix, matrix
from edgeasr_export.improve.kinds import is_linear, is_scaling

__all__ = ["equalise"]

F32 = NDArray[np.float32]

_ROUNDS = 20


def equalise(model: Any, wanted: Any, samples: F32, grid: Grid) -> Any:
    """Scale the channels between two layers, down in the first and up in the second one; the model computes the same.

    What stands between them has to treat each channel by itself and to be positively homogeneous, such as a ReLU. A
    channel is scaled so that it is as wide in the first layer as in the second. Wide is what shares one step with other
    channels: with a step for each weight tensor, the weights of both layers; with a step for each output channel, the
    activation that the first one gives, and the weights that the second one takes it with.

    (M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.1; with
    the activation, G. Xiao et al., "SmoothQuant", 2022, equation 4.)

    Args:
        model: the model.
        wanted: of no use here; all passes take it.
        samples: features to measure activations on, float32 [clips, frames, bins].
        grid: what weights and activations will be rounded to.

    Returns:
        A new model.
    """
    model = normal_form(model)
    pairs = _pairs(Graph(model))
    given = [] if grid.per_tensor else _activation_widths(model, pairs, samples)
    if not grid.per_tensor and grid.activation_bits is None:  # no two channels of a first layer share a step
        return model
    for _ in range(_ROUNDS):
        for index, (first, second) in enumerate(pairs):
            before = np.abs(matrix(first)).max(axis=(1, 2)).ravel() if grid.per_tensor else given[index]
            after = _input_widths(second, len(before))
            alive = (before > 0) & (after > 0)
            scale = np.sqrt(before / after, where=alive, out=np.ones_like(before))
            _scale(first, second, scale)
            if not grid.per_tensor:
                given[index] = before / scale
    return model


def _pairs(graph: Graph) -> list[tuple[Any, Any]]:
    """Find the pairs of layers between which channels can be scaled."""
    chains = [(node.operation, graph.chain(node, _passes)) for node in graph.linear()]
    return [(first, chain[-1].operation) for first, chain in chains if chain and is_linear(chain[-1].operation)]


def _passes(layer: Any) -> bool:
    return is_scaling(layer) or type(layer).__name__ == "Flatten"  # after which the channels come again and again


def _activation_widths(model: Any, pairs: list[tuple[Any, Any]], samples: F32) -> list[F32]:
    """Give the largest absolute value of each channel between the layers, float32 [channels] of each pair."""
    widths = [np.zeros(first.output.shape[-1], np.float32) for first, _ in pairs]
    for values in activations(model, [second.input for _, second in pairs], samples):
        for width, each in zip(widths, values, strict=True):
            np.maximum(width, np.abs(each).reshape(-1, len(width)).max(axis=0), out=width)
    return widths


def _input_widths(layer: Any, channels: int) -> F32:
    """Give the largest absolute weight of each input channel: float32 [channels]."""
    widths: F32 = np.abs(matrix(layer)).max(axis=(1, 3)).reshape(-1, channels).max(axis=0)
    return widths


def _scale(first: Any, second: Any, scale: F32) -> None:
    """Divide what a layer gives by a scale, float32 [channels], and multiply what another one takes with it."""
    kernel, following = matrix(first), matrix(second)
    groups, _, channels, _ = following.shape
    assign_matrix(first, kernel / scale.reshape(len(kernel), 1, 1, -1))
    first.bias.assign(np.array(first.bias) / scale)
    assign_matrix(second, following * np.resize(scale, (groups, 1, channels, 1)))
