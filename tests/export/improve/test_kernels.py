"""Convolutions as matrix products: what `matrix` and `input_rows` say has to give what Keras computes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr_export.improve.kernels import assign_matrix, input_rows, matrix


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(["Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D", "Dense"]),
    size=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.sampled_from(["valid", "same", "causal"]),
    groups=st.sampled_from([1, 2]),
)
def test_matrix_and_input_rows_multiply_to_what_the_layer_gives(
    keras: Any, kind: str, size: int, stride: int, dilation: int, padding: str, groups: int
) -> None:
    convolves = kind != "Dense"
    if convolves and ((padding == "causal" and kind != "Conv1D") or (stride > 1 and dilation > 1)):
        return  # Keras has none of these
    options: dict[str, Any] = {}
    if convolves:
        options = {"kernel_size": size, "strides": stride, "padding": padding, "dilation_rate": dilation}
        options |= {"depth_multiplier": 2} if "Depthwise" in kind else {"filters": 6, "groups": groups}
    layer = getattr(keras.layers, kind)(**(options or {"units": 5}))
    values = np.random.default_rng(0).standard_normal((2, 9, *([8] if "2D" in kind else []), 4)).astype(np.float32)
    expected = np.asarray(layer(values))
    kernel, rows = matrix(layer), input_rows(layer, values)
    flat = kernel.reshape(len(kernel), -1, kernel.shape[-1])
    found = np.einsum("rgi,gio->rgo", rows, flat).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D"])
def test_assign_matrix_writes_what_matrix_reads(keras: Any, kind: str) -> None:
    options = {"depth_multiplier": 2} if "Depthwise" in kind else {"filters": 6, "groups": 2}
    layer = getattr(keras.layers, kind)(kernel_size=(3, 2), **options)
    layer.build((None, 9, 8, 4))
    before = np.array(layer.kernel)
    assign_matrix(layer, 2 * matrix(layer))
    np.testing.assert_array_equal(np.array(layer.kernel), 2 * before)
