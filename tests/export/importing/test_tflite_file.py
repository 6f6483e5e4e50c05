"""Float TFLite files: what a bundle keeps of them, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.card import Card, append_to_tflite
from edgeasr.errors import ArtefactError, ExportError
from edgeasr.runtime import load
from edgeasr.tflite import read_model
from edgeasr_export.importing import run, write_float32
from edgeasr_export.importing.tflite_file import TFLITE
from tests.tflite.test_inline import outward


def convert(model: Any, path: Path, **settings: Any) -> Path:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    for name, value in settings.items():
        setattr(converter, name, value)
    path.write_bytes(converter.convert())
    return path


def test_adopt_gives_our_names_and_keeps_the_scores(
    tflite: Path, keras_model: Any, tmp_path: Path, features: np.ndarray
) -> None:
    source, shape = TFLITE.adopt(tflite, tmp_path, (13, 10))
    assert shape == (13, 10)
    graph = read_model(source.path).subgraphs[0]
    names = [graph.tensors[index].name for index in (*graph.inputs, *graph.outputs)]
    assert names == ["features", "scores"]
    assert graph.tensors[graph.inputs[0]].shape == (1, 13, 10)
    np.testing.assert_allclose(run(source, features), keras_model(features), rtol=0, atol=1e-5)
    assert load(source.path).input_shape == (13, 10)


def test_adopt_takes_constants_that_lie_behind_the_flatbuffer(
    tflite: Path, keras_model: Any, tmp_path: Path, features: np.ndarray
) -> None:
    (tmp_path / "outer.tflite").write_bytes(outward(tflite.read_bytes()))
    source, _ = TFLITE.adopt(tmp_path / "outer.tflite", tmp_path, (13, 10))
    np.testing.assert_allclose(run(source, features), keras_model(features), rtol=0, atol=1e-5)


def test_adopt_leaves_the_card_of_an_artefact_out(tflite: Path, tmp_path: Path) -> None:
    card = Card("m", "float32", ("a", "b", "c"), None, "logits", "0" * 64)
    (tmp_path / "ours.tflite").write_bytes(append_to_tflite(tflite.read_bytes(), card))
    source, _ = TFLITE.adopt(tmp_path / "ours.tflite", tmp_path, (13, 10))
    assert load(source.path).card is None


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_write_gives_the_same_scores(tflite: Path, tmp_path: Path, features: np.ndarray, format: str) -> None:
    source, _ = TFLITE.adopt(tflite, tmp_path, (13, 10))
    target = tmp_path / f"float32.{format}"
    write_float32(source, format, target)
    np.testing.assert_allclose(load(target).run_batch(features), run(source, features), rtol=0, atol=1e-5)
    if format == "onnx":
        import onnx

        graph = onnx.load(target).graph
        assert (graph.input[0].name, graph.output[0].name) == ("features", "scores")


def test_adopt_makes_floats_of_int8_weights(
    keras_model: Any, tmp_path: Path, features: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras
    import tensorflow as tf

    large = keras.Sequential(
        [keras.Input((13, 10)), keras.layers.Flatten(), keras.layers.Dense(40), keras.layers.Dense(3)]
    )
    path = convert(large, tmp_path / "dynamic.tflite", optimizations=[tf.lite.Optimize.DEFAULT])
    (weights,) = (tensor for tensor in read_model(path).subgraphs[0].tensors if tensor.scale is not None)
    source, _ = TFLITE.adopt(path, tmp_path, (13, 10))
    assert '"note": "1 weights of dynamic.tflite are int8' in capsys.readouterr().out
    found = read_model(source.path).subgraphs[0].tensors[weights.index]
    assert (found.type, found.scale) == ("FLOAT32", None)
    np.testing.assert_allclose(found.data, weights.data * weights.scale[:, None], rtol=1e-6)
    np.testing.assert_allclose(run(source, features), large(features), rtol=0, atol=0.05)


def test_adopt_refuses_what_is_quantised_already(real: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"is quantised \(input_1 is int8\): import the float32 file"):
        TFLITE.adopt(real("models/mlperf_kws_int8.tflite"), tmp_path, (49, 10))
    with pytest.raises(ExportError, match=r"is quantised \(it has QUANTIZE\)"):
        TFLITE.adopt(real("models/mww_vad.tflite"), tmp_path, (1, 40))


def test_adopt_refuses_weights_that_are_nan(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((13, 10)), keras.layers.Flatten(), keras.layers.Dense(3)])
    model.set_weights([np.full((130, 3), np.nan), np.zeros(3)])
    with pytest.raises(ExportError, match="nan.tflite: the weights .* hold NaN"):
        TFLITE.adopt(convert(model, tmp_path / "nan.tflite"), tmp_path, (13, 10))


def test_adopt_refuses_other_shapes_and_files(tflite: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="takes features of shape 13 x 10, got 49 x 10"):
        TFLITE.adopt(tflite, tmp_path, (49, 10))
    (tmp_path / "text.tflite").write_text("hello, hello")
    with pytest.raises(ArtefactError, match="text.tflite: expected a TFLite file"):
        TFLITE.adopt(tmp_path / "text.tflite", tmp_path, (13, 10))
