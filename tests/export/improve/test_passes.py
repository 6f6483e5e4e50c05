"""The passes: what they keep, and what they win."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ConfigError
from edgeasr_export.improve import PASSES, Grid, grid_of, improve
from edgeasr_export.improve.graph import Graph, normal_form
from edgeasr_export.improve.grid import weight_steps
from edgeasr_export.improve.kernels import channel_axes
from edgeasr_export.improve.simulate import Simulation
from edgeasr_export.schemes import SCHEMES
from tests.export.improve.conftest import F32, outputs, snr_db

INT8 = Grid()
PER_TENSOR = Grid(per_tensor=True)
INT4 = Grid(4, activation_bits=None)


def quantised(model: Any, grid: Grid, samples: F32) -> F32:
    simulation = Simulation(normal_form(model), grid)
    simulation.calibrate(samples)
    return outputs(simulation.model, samples)


def gain_db(model: Any, samples: F32, first: list[str], second: list[str], grid: Grid) -> float:
    """Say by how much the second passes leave less noise than the first."""
    reference = outputs(model, samples)
    one, other = (quantised(improve(model, samples, names, grid), grid, samples) for names in (first, second))
    return snr_db(reference, other) - snr_db(reference, one)


@pytest.mark.parametrize("grid", [INT8, PER_TENSOR, INT4])
def test_fold_and_equalise_keep_what_the_model_computes(uneven: Any, samples: F32, grid: Grid) -> None:
    better = improve(uneven, samples, ["equalise", "fold"], grid)
    np.testing.assert_allclose(outputs(better, samples), outputs(uneven, samples), atol=1e-4)
    kinds = [type(node.operation).__name__ for node in Graph(better).nodes]
    assert kinds.count("BatchNormalization") == 1  # pooling and flattening stand between it and the next layer


def test_fold_takes_batch_norm_into_the_layer_after_it(keras: Any, samples: F32) -> None:
    from keras import layers

    stack = [layers.Conv1D(5, 3, activation="relu"), layers.BatchNormalization()]
    stack += [layers.GRU(4, return_sequences=True), layers.BatchNormalization(scale=False), layers.Dense(3)]
    model = keras.Sequential([keras.Input((12, 6)), *stack])
    for layer in (stack[1], stack[3]):
        layer.moving_mean.assign(np.linspace(-1, 1, layer.moving_mean.shape[0]))
        layer.moving_variance.assign(np.linspace(0.5, 2, layer.moving_mean.shape[0]))
    folded = improve(model, samples, ["fold"], INT8)
    np.testing.assert_allclose(outputs(folded, samples), outputs(model, samples), atol=1e-5)
    assert not [layer for layer in folded.layers if type(layer).__name__ == "BatchNormalization"]


def test_fold_leaves_batch_norm_before_a_convolution_that_fills_up_with_zeros(keras: Any, samples: F32) -> None:
    from keras import layers

    norm = layers.BatchNormalization()
    model = keras.Sequential([keras.Input((12, 6)), norm, layers.Conv1D(4, 3, padding="causal")])
    norm.moving_mean.assign(np.arange(6))
    folded = improve(model, samples, ["fold"], INT8)
    np.testing.assert_allclose(outputs(folded, samples), outputs(model, samples), atol=1e-6)
    assert [type(layer).__name__ for layer in folded.layers][1:] == ["BatchNormalization", "Conv1D"]


@pytest.mark.parametrize("names", [["fold"], ["fold", "equalise", "rounding", "bias"]])
def test_improve_leaves_the_model_alone(uneven: Any, samples: F32, names: list[str]) -> None:
    before = [weight.copy() for weight in uneven.get_weights()]
    improve(uneven, samples, names, INT8)
    assert all(map(np.array_equal, before, uneven.get_weights()))


@pytest.mark.parametrize(
    ("first", "second", "grid", "least_db"),
    [
        ([], ["fold"], INT8, 1),
        (["fold"], ["fold", "bias"], INT4, 1),
        (["fold"], ["fold", "rounding"], INT4, 2),
        (["fold"], ["fold", "rounding", "bias"], INT4, 3),
    ],
)
def test_passes_leave_less_noise(
    uneven: Any, samples: F32, first: list[str], second: list[str], grid: Grid, least_db: float
) -> None:
    assert gain_db(uneven, samples, first, second, grid) > least_db


@pytest.mark.parametrize("grid", [INT8, PER_TENSOR])
def test_equalise_evens_out_channels_of_unlike_widths(uneven: Any, samples: F32, grid: Grid) -> None:
    model = improve(uneven, samples, ["fold"], grid)
    first, second, *_ = (node.operation for node in Graph(model).linear())
    widths = np.geomspace(0.01, 100, 8).astype(np.float32)  # a ReLU stands between the two
    first.set_weights([weight * widths for weight in first.get_weights()])
    kernel, bias = second.get_weights()
    second.set_weights([kernel / widths[:, None], bias])
    np.testing.assert_allclose(outputs(model, samples), outputs(uneven, samples), atol=1e-3)
    assert gain_db(model, samples, [], ["equalise"], grid) > 10


@pytest.mark.parametrize("grid", [INT8, PER_TENSOR, INT4])
def test_rounding_leaves_weights_on_the_grid_of_their_own_maximum(uneven: Any, samples: F32, grid: Grid) -> None:
    before = normal_form(improve(uneven, samples, ["fold"], grid))
    after = improve(uneven, samples, ["fold", "rounding"], grid)
    moved = 0
    for old, new in zip(Graph(before).linear(), Graph(after).linear(), strict=True):
        kernels = [np.array(node.operation.kernel) for node in (old, new)]
        old_steps, new_steps = (np.array(weight_steps(kernel, channel_axes(old.operation), grid)) for kernel in kernels)
        np.testing.assert_allclose(new_steps, old_steps, rtol=1e-6)
        levels = kernels[1] / new_steps
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
        moved += np.count_nonzero(np.rint(levels) != np.rint(kernels[0] / old_steps))
    assert moved > 0  # otherwise it rounds to the nearest, which is no improvement


def test_bias_correction_brings_the_means_back(uneven: Any, samples: F32) -> None:
    better = improve(uneven, samples, ["fold", "bias"], INT4)
    mean = outputs(uneven, samples).mean(axis=0)
    np.testing.assert_allclose(quantised(better, INT4, samples).mean(axis=0), mean, atol=1e-3 * np.abs(mean).max())


def test_improve_names_the_passes_that_there_are(uneven: Any, samples: F32) -> None:
    with pytest.raises(ConfigError, match="expected one of bias, equalise, fold, rounding"):
        improve(uneven, samples, ["folding"], INT8)


def test_improved_model_is_saved_and_loaded(keras: Any, uneven: Any, samples: F32, tmp_path: Path) -> None:
    better = improve(uneven, samples, list(PASSES), INT8)
    better.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs(loaded, samples), outputs(better, samples), atol=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_grid_of_knows_every_scheme_with_integers(scheme: str) -> None:
    assert (grid_of(scheme, per_tensor=False) is None) == scheme.startswith("float")
