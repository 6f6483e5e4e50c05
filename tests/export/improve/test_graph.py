"""The form that the passes work on."""

from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ExportError
from edgeasr_export.improve.graph import Graph, normal_form
from edgeasr_export.improve.grid import Grid
from edgeasr_export.improve.kinds import is_linear
from edgeasr_export.improve.simulate import Simulation
from tests.export.improve.conftest import F32, outputs


def test_normal_form_computes_the_same(keras: Any, uneven: Any, samples: F32) -> None:
    copy = normal_form(uneven)
    np.testing.assert_array_equal(outputs(copy, samples), outputs(uneven, samples))
    linear = [layer for layer in copy.layers if is_linear(layer)]
    assert len(linear) == 4
    assert all(layer.use_bias and layer.activation is keras.activations.linear for layer in linear)


def test_normal_form_leaves_the_model_alone(uneven: Any, samples: F32) -> None:
    before = outputs(uneven, samples)
    for layer in normal_form(uneven).layers:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    np.testing.assert_array_equal(outputs(uneven, samples), before)


def test_normal_form_opens_nested_models_and_splits_separable_convolutions(keras: Any, samples: F32) -> None:
    from keras import layers

    def block() -> Any:
        inner = keras.Input((12, 6))
        x = layers.SeparableConv1D(4, 3, activation="relu", depth_multiplier=2, name="convolution")(inner)
        return keras.Model(inner, layers.Dense(6, name="dense")(x))

    inputs = keras.Input((12, 6))
    x = layers.Add()([layers.ZeroPadding1D(1)(block()(inputs)), inputs])
    shared = layers.Dense(6)
    model = keras.Model(inputs, layers.Dense(3, name="dense")(shared(shared(block()(x)))))
    copy = normal_form(model)
    np.testing.assert_allclose(outputs(copy, samples), outputs(model, samples), atol=1e-6)
    assert not any(isinstance(layer, keras.Model) for layer in copy.layers)
    of_block = ["convolution_depthwise", "convolution", "dense"]
    names = [node.operation.name for node in Graph(copy).linear()]
    assert names == [*of_block, *(f"{name}_1" for name in of_block), "dense_2"]  # the shared layer is used twice
    simulation = Simulation(copy, Grid(weight_bits=16, activation_bits=None))
    np.testing.assert_allclose(outputs(simulation.model, samples), outputs(model, samples), atol=1e-3)


def test_normal_form_of_a_layer_that_cannot_be_copied_is_refused(keras: Any) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: 2 * x, name="twice")])
    with pytest.raises(ExportError, match=r"layer 'twice' \(Lambda\) cannot be copied"):
        normal_form(model)


def test_normal_form_of_two_inputs_is_refused(keras: Any) -> None:
    inputs = [keras.Input((3,)), keras.Input((3,))]
    with pytest.raises(ExportError, match="2 inputs"):
        normal_form(keras.Model(inputs, keras.layers.Add()(inputs)))
