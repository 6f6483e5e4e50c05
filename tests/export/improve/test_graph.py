"""The form that the passes work on."""

from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ExportError
from edgeasr_export.improve.graph import Graph, normal_form
from edgeasr_export.improve.kinds import is_linear
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
    names = [node.operation.name for node in Graph(copy).linear()]
    assert names == [
        "convolution_depthwise",
        "convolution",
        "dense",
        "convolution_depthwise_1",
        "convolution_1",
        "dense_1",
        "dense_2",
    ]


def test_normal_form_of_two_inputs_is_refused(keras: Any) -> None:
    inputs = [keras.Input((3,)), keras.Input((3,))]
    with pytest.raises(ExportError, match="2 inputs"):
        normal_form(keras.Model(inputs, keras.layers.Add()(inputs)))
