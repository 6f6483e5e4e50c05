"""Choose for each weight which way it is rounded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr_export.improve.graph import fitting, normal_form
from edgeasr_export.improve.grid import Grid, weight_steps
from edgeasr_export.improve.kernels import assign_matrix, channel_axes, input_rows, matrix
from edgeasr_export.improve.simulate import Simulation

__all__ = ["optimise_rounding"]

F32 = NDArray[np.float32]

_ROWS = 20_000  # products that the error of a layer is measured on
_BLOCK = 512  # weights whose errors are weighed against each other
_DAMPING = 0.01  # of the mean of the diagonal


def optimise_rounding(model: Any, wanted: Any, samples: F32, grid: Grid) -> Any:
    """Round the weights of convolutions and dense layers to the grid, so that the errors cancel on real features.

    Layer by layer, on what the rounded layers before it give. Within a layer one weight after the other is rounded to
    the nearest step, and those to come are changed so that they make up for the error as well as they can. The largest
    weight, from which a converter takes the step, stays as it is: so the converter finds all weights on its grid.

    (E. Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-Trained Transformers", 2022.)

    Args:
        model: the model.
        wanted: of no use here; all passes take it.
        samples: features to measure the errors on, float32 [clips, frames, bins].
        grid: what weights and activations will be rounded to.

    Returns:
        A new model.
    """
    model = normal_form(model)
    samples = fitting(model, samples)
    simulation = Simulation(model, grid)
    simulation.calibrate(samples)
    rng = np.random.default_rng(0)

    def round_layer(node: Any, inputs: F32) -> None:
        layer, kernel = node.operation, matrix(node.operation)
        groups, taps, channels, outputs = kernel.shape
        steps = np.array(weight_steps(layer.kernel, channel_axes(layer), grid))
        steps = steps.reshape((1, 1, 1) if grid.per_tensor else (groups, 1, outputs))
        rows = _rows(layer, inputs, rng)
        flat = kernel.reshape(groups, taps * channels, outputs)
        blocks = [slice(start, start + _BLOCK) for start in range(0, flat.shape[1], _BLOCK)]
        rounded = [_round(flat[:, block], steps, rows[:, :, block], grid) for block in blocks]
        assign_matrix(layer, np.concatenate(rounded, axis=1).reshape(kernel.shape))

    simulation.walk(samples, before=round_layer)
    return model


def _rows(layer: Any, inputs: F32, rng: np.random.Generator) -> F32:
    """Choose some of what goes into the products of a layer: float32 [rows, groups, inputs]."""
    share = -(-_ROWS // len(inputs))
    found = []
    for clip in range(len(inputs)):
        rows = input_rows(layer, inputs[clip : clip + 1])
        found.append(rows[rng.permutation(len(rows))[:share]])
    return np.concatenate(found)


def _round(weights: F32, steps: F32, rows: F32, grid: Grid) -> F32:
    """Round some weights of a layer.

    Args:
        weights: float32 [groups, inputs, outputs].
        steps: float32, broadcasts with it.
        rows: float32 [rows, groups, inputs].
        grid: the numbers.
    """
    inputs = weights.shape[1]
    by_group = rows.swapaxes(0, 1).astype(np.float64)
    products = by_group.swapaxes(1, 2) @ by_group
    damping = _DAMPING * np.trace(products, axis1=1, axis2=2) / inputs + 1e-9
    products += damping[:, None, None] * np.eye(inputs)
    upper = np.linalg.cholesky(np.linalg.inv(products)).swapaxes(1, 2)
    left = (weights / steps).astype(np.float64)
    extreme = np.abs(left) > grid.top - 1e-3
    for index in range(inputs):
        value = left[:, index]
        rounded = np.where(extreme[:, index], np.sign(value) * grid.top, np.clip(np.rint(value), -grid.top, grid.top))
        error = (value - rounded) / upper[:, index, index, None]
        left[:, index + 1 :] -= upper[:, index, index + 1 :, None] * error[:, None, :]
        left[:, index] = rounded
    return (left * steps).astype(np.float32)
