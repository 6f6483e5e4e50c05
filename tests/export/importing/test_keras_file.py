"""Keras files of two Keras: what a bundle keeps of them, and what is refused with the way out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.errors import ExportError, MissingPackageError
from edgeasr_export.importing import run
from edgeasr_export.importing.keras_file import KERAS


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_adopt_keeps_a_keras_model_without_its_optimizer(
    keras_model: Any, tmp_path: Path, features: np.ndarray, suffix: str
) -> None:
    import keras

    model = keras.models.clone_model(keras_model)
    model.set_weights(keras_model.get_weights())
    model.compile("adam", "mse")
    model.save(tmp_path / f"brought.{suffix}")
    source, shape = KERAS.adopt(tmp_path / f"brought.{suffix}", tmp_path, (13, 10))
    assert (source.kind, source.path.name, shape) == ("keras", "model.keras", (13, 10))
    np.testing.assert_allclose(run(source, features), keras_model(features), rtol=0, atol=1e-5)
    assert not hasattr(keras.saving.load_model(source.path), "optimizer")


def saved(tmp_path: Path, *layers: Any, shape: tuple = (13, 10), dtype: str = "float32") -> Path:
    import keras

    model = keras.Sequential([keras.Input(shape, dtype=dtype), *layers, keras.layers.Flatten(dtype=dtype)])
    model.add(keras.layers.Dense(3, dtype=dtype))
    model.save(tmp_path / "brought.keras")
    return tmp_path / "brought.keras"


def test_adopt_names_a_layer_that_is_not_of_keras(tmp_path: Path) -> None:
    import keras

    class Doubling(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2

    with pytest.raises(ExportError, match=r"has the layer Doubling, which is not Keras' own: export a SavedModel"):
        KERAS.adopt(saved(tmp_path, Doubling()), tmp_path, (13, 10))


def test_adopt_runs_no_code_from_a_file(tmp_path: Path) -> None:
    import keras

    with pytest.raises(ExportError, match="has a Lambda layer, that is code, .*: export a SavedModel"):
        KERAS.adopt(saved(tmp_path, keras.layers.Lambda(lambda x: 2 * x)), tmp_path, (13, 10))


def test_adopt_refuses_float64(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="expected float32, got float64 in input"):
        KERAS.adopt(saved(tmp_path, dtype="float64"), tmp_path, (13, 10))


def test_adopt_refuses_weights_that_are_nan(tmp_path: Path, keras_model: Any) -> None:
    import keras

    model = keras.models.clone_model(keras_model)
    model.layers[-1].bias.assign([0, np.inf, 0])
    model.save(tmp_path / "brought.keras")
    with pytest.raises(ExportError, match=r"the weights dense\w*/bias hold NaN or infinity"):
        KERAS.adopt(tmp_path / "brought.keras", tmp_path, (13, 10))


def test_adopt_refuses_several_inputs(tmp_path: Path) -> None:
    import keras

    one, two = keras.Input((13, 10), name="one"), keras.Input((13, 10), name="two")
    keras.Model([one, two], keras.layers.Add()([one, two])).save(tmp_path / "brought.keras")
    with pytest.raises(ExportError, match="expected a model of one input, got 2: one, two"):
        KERAS.adopt(tmp_path / "brought.keras", tmp_path, (13, 10))


@pytest.mark.parametrize("name", ["brought.keras", "brought.h5"])
def test_adopt_refuses_other_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello")
    with pytest.raises(ExportError, match=rf"{name}: Keras .* cannot read it \(.*\): copy it again"):
        KERAS.adopt(tmp_path / name, tmp_path, (13, 10))


@pytest.fixture
def keras2_file(tmp_path: Path) -> Path:
    """Write a file of Keras 2 with operations of TensorFlow, which Keras 3 cannot read."""
    tf_keras = pytest.importorskip("tf_keras")
    import tensorflow as tf

    inputs = tf_keras.Input((13, 10))
    flat = tf.nn.relu(tf_keras.layers.Flatten()(inputs)) * 2.0
    with pytest.warns(UserWarning, match="HDF5"):
        tf_keras.Model(inputs, tf_keras.layers.Dense(3, kernel_initializer="ones")(flat)).save(tmp_path / "brought.h5")
    return tmp_path / "brought.h5"


@pytest.mark.slow
def test_adopt_reads_a_file_of_keras_2(keras2_file: Path, tmp_path: Path, features: np.ndarray) -> None:
    source, shape = KERAS.adopt(keras2_file, tmp_path, (13, 10))
    assert (source.kind, source.path.name, shape) == ("saved-model", "model.pb", (13, 10))
    expected = np.maximum(features, 0).sum(axis=(1, 2)) * 2
    np.testing.assert_allclose(run(source, features), np.tile(expected[:, None], 3), rtol=1e-5)


@pytest.mark.slow
def test_adopt_says_how_to_install_keras_2(keras2_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tf_keras", None)
    with pytest.raises(MissingPackageError, match=r"brought.h5, a file of Keras 2 .* needs the package tf_keras"):
        KERAS.adopt(keras2_file, tmp_path, (13, 10))
