"""Models as people bring them, small: input [13, 10], three labels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHAPE = (13, 10)


@pytest.fixture(scope="session")
def features() -> np.ndarray:
    """Give features, float32 [20, 13, 10]."""
    return np.random.default_rng(0).standard_normal((20, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="session")
def keras_model() -> Any:
    """Give a Keras model with a convolution."""
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Reshape((*SHAPE, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )


@pytest.fixture(scope="session")
def tflite(keras_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the model as a float TFLite file."""
    import tensorflow as tf

    path = tmp_path_factory.mktemp("tflite") / "brought.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(keras_model).convert())
    return path


@pytest.fixture
def write_onnx(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes an ONNX file: a product of the input, called `in`, and weights [130, 3]."""
    import onnx
    from onnx import helper, numpy_helper

    def write(
        input_shape: tuple[int | str, ...] = ("batch", *SHAPE),
        weights: np.ndarray | None = None,
        opset: int = 17,
        second_input: bool = False,
        first: tuple[str, str] = ("Flatten", ""),
    ) -> Path:
        if weights is None:
            weights = np.random.default_rng(1).standard_normal((130, 3)).astype(np.float32)
        dtype = helper.np_dtype_to_tensor_dtype(weights.dtype)
        names = ["in", "other"] if second_input else ["in"]
        graph = helper.make_graph(
            [
                helper.make_node(first[0], ["in"], ["flat"], domain=first[1]),
                helper.make_node("MatMul", ["flat", "weights"], ["out"]),
            ],
            "brought",
            [helper.make_tensor_value_info(name, dtype, input_shape) for name in names],
            [helper.make_tensor_value_info("out", dtype, (input_shape[0], 3))],
            [numpy_helper.from_array(weights, "weights")],
        )
        opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(first[1], 1)] if first[1] else [])]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "brought.onnx")
        return tmp_path / "brought.onnx"

    return write
