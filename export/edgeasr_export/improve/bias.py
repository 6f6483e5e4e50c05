"""Correct biases by the mean error that quantisation makes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.improve.graph import Graph, activations, fitting, normal_form
from edgeasr_export.improve.grid import Grid
from edgeasr_export.improve.simulate import Simulation

__all__ = ["correct_bias"]

F32 = NDArray[np.float32]


def correct_bias(model: Any, wanted: Any, samples: F32, grid: Grid) -> Any:
    """Move the bias of each convolution and dense layer by the error of its mean, channel by channel.

    In the order in which they run, so that each corrects what those before it have left.

    (M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, appendix D.)

    Args:
        model: the model.
        wanted: a model of the same layers that has the right means.
        samples: features to measure the means on, float32 [clips, frames, bins].
        grid: what weights and activations will be rounded to.

    Returns:
        A new model.
    """
    model, wanted = normal_form(model), normal_form(wanted)
    samples = fitting(model, samples)
    outputs = [node.outputs[0] for node in Graph(wanted).linear()]
    means = dict(zip(map(id, Graph(model).linear()), _means(wanted, outputs, samples), strict=True))
    simulation = Simulation(model, grid)
    simulation.calibrate(samples)

    def correct(node: Any, values: F32) -> None:
        error = values.mean(axis=tuple(range(values.ndim - 1)), dtype=np.float64) - means[id(node)]
        node.operation.bias.assign(np.array(node.operation.bias) - error.astype(np.float32))
        values -= error.astype(np.float32)

    simulation.walk(samples, after=correct)
    return model


def _means(model: Any, tensors: list[Any], samples: F32) -> list[NDArray[np.float64]]:
    """Give the mean of each channel of tensors of a model: float64 [channels] each."""
    totals: list[Any] = [0] * len(tensors)
    counts = [0] * len(tensors)
    for values in activations(model, tensors, samples):
        for index, each in enumerate(values):
            rows = each.reshape(-1, each.shape[-1])
            totals[index] = totals[index] + rows.sum(axis=0, dtype=np.float64)
            counts[index] += len(rows)
    return [total / count for total, count in zip(totals, counts, strict=True)]
