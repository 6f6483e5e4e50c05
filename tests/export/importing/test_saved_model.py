"""SavedModels: frozen to one file, whatever Keras wrote them."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ExportError
from edgeasr.runtime import load
from edgeasr_export.importing import run, write_float32
from edgeasr_export.importing.saved_model import SAVED_MODEL


def test_adopt_freezes_the_signature(keras_model: Any, tmp_path: Path, features: np.ndarray) -> None:
    keras_model.export(tmp_path / "brought", verbose=False)
    source, shape = SAVED_MODEL.adopt(tmp_path / "brought", tmp_path, (13, 10))
    assert (source.kind, source.path, shape) == ("saved-model", tmp_path / "model.pb", (13, 10))
    np.testing.assert_allclose(run(source, features), keras_model(features), rtol=0, atol=1e-5)
    for name in ("tflite", "onnx"):
        write_float32(source, name, tmp_path / f"float32.{name}")
        scores = load(tmp_path / f"float32.{name}").run_batch(features)
        np.testing.assert_allclose(scores, keras_model(features), rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [("LSTM",), ("GRU",), ("SimpleRNN",), ("LSTM", "GRU")])
def test_adopt_makes_recurrent_layers_convertible(
    tmp_path: Path, features: np.ndarray, layers: tuple[str, ...]
) -> None:
    import keras

    model = keras.Sequential([keras.Input((13, 10))])
    for name in layers:
        model.add(getattr(keras.layers, name)(6, return_sequences=name is not layers[-1]))
    model.add(keras.layers.Dense(3))
    model.export(tmp_path / "brought", verbose=False)  # traced for any batch
    source, _ = SAVED_MODEL.adopt(tmp_path / "brought", tmp_path, (13, 10))
    for name in ("tflite", "onnx"):
        write_float32(source, name, tmp_path / f"float32.{name}")
        scores = load(tmp_path / f"float32.{name}").run_batch(features)
        np.testing.assert_allclose(scores, model(features), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_adopt_needs_no_optimizer(tmp_path: Path, features: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    import tensorflow as tf

    model = tf_keras.Sequential([tf_keras.Input((13, 10)), tf_keras.layers.Flatten(), tf_keras.layers.Dense(3)])
    model.compile(tf_keras.optimizers.legacy.Adam(), "mse")
    model.fit(features, np.zeros((20, 3)), verbose=0)
    model.save(tmp_path / "brought", save_format="tf")
    for name in [name for name in sys.modules if name.partition(".")[0] == "tf_keras"]:
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not installed
    with pytest.raises(ImportError, match="tf_keras"):
        tf.saved_model.load(str(tmp_path / "brought"))
    source, _ = SAVED_MODEL.adopt(tmp_path / "brought", tmp_path, (13, 10))
    monkeypatch.undo()
    np.testing.assert_allclose(run(source, features), model(features), rtol=0, atol=1e-5)


def test_adopt_fixes_an_open_shape(tmp_path: Path, features: np.ndarray) -> None:
    import tensorflow as tf

    module = tf.Module()
    specification = tf.TensorSpec(None, tf.float32)
    module.call = tf.function(lambda x: tf.reduce_sum(x, axis=1), input_signature=[specification])
    tf.saved_model.save(module, str(tmp_path / "brought"), module.call)
    source, shape = SAVED_MODEL.adopt(tmp_path / "brought", tmp_path, (13, 10))
    assert shape == (13, 10)
    np.testing.assert_allclose(run(source, features), features.sum(axis=1), rtol=0, atol=1e-5)


def save_function(path: Path, function: Any, *dtypes: str) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.weights = tf.Variable(np.full((10, 3), np.nan, np.float32))
    signature = [tf.TensorSpec((None, 13, 10), dtype) for dtype in dtypes]
    module.call = tf.function(lambda *inputs: function(module, *inputs), input_signature=signature)
    tf.saved_model.save(module, str(path), module.call)


@pytest.mark.parametrize(
    ("function", "dtypes", "message"),
    [
        (lambda _, x, y: x + y, ("float32", "float32"), "expected a model of one input, got 2: "),
        (lambda _, x: (x, x), ("float32",), "expected a model of one output, got 2"),
        (lambda _, x: x, ("float64",), "expected a float32 input, got float64"),
        (lambda module, x: x @ module.weights, ("float32",), "the weights .* hold NaN"),
    ],
)
def test_adopt_says_what_is_wrong(tmp_path: Path, function: Any, dtypes: tuple[str, ...], message: str) -> None:
    save_function(tmp_path / "brought", function, *dtypes)
    with pytest.raises(ExportError, match=f"brought: {message}"):
        SAVED_MODEL.adopt(tmp_path / "brought", tmp_path, (13, 10))


def test_adopt_refuses_other_folders(tmp_path: Path) -> None:
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "saved_model.pb").write_text("hello")
    with pytest.raises(ExportError, match="brought: TensorFlow cannot load it as a SavedModel"):
        SAVED_MODEL.adopt(tmp_path / "brought", tmp_path, (13, 10))
