"""Float ONNX files: what a bundle keeps of them, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgeasr.errors import ExportError
from edgeasr_export.importing import run, write_float32
from edgeasr_export.importing.onnx_file import ONNX

WriteOnnx = Callable[..., Path]


@pytest.mark.parametrize(
    "options",
    [{}, {"input_shape": (1, 13, 10)}, {"input_shape": ("n", "frames", 10)}, {"input_shape": ("n", 130)}, {"opset": 9}],
)
def test_adopt_fixes_the_shape_and_gives_our_names(
    write_onnx: WriteOnnx, tmp_path: Path, features: np.ndarray, options: dict
) -> None:
    path = write_onnx(**options)
    weights = onnx.numpy_helper.to_array(onnx.load(path).graph.initializer[0])
    source, shape = ONNX.adopt(path, tmp_path, (13, 10))
    assert shape == ((130,) if options.get("input_shape") == ("n", 130) else (13, 10))
    scores = run(source, features.reshape(-1, *shape))
    np.testing.assert_allclose(scores, features.reshape(20, -1) @ weights, rtol=0, atol=1e-4)
    model = onnx.load(source.path)
    assert model.opset_import[0].version >= 13
    (given,), (result,) = model.graph.input, model.graph.output
    assert (given.name, result.name) == ("features", "scores")
    assert [size.dim_value for size in given.type.tensor_type.shape.dim] == [1, *shape]
    assert [size.dim_value for size in result.type.tensor_type.shape.dim] == [1, 3]


def test_write_gives_the_same_scores(write_onnx: WriteOnnx, tmp_path: Path, features: np.ndarray) -> None:
    source, _ = ONNX.adopt(write_onnx(), tmp_path, (13, 10))
    write_float32(source, "onnx", tmp_path / "float32.onnx")
    written = run(type(source)("onnx", tmp_path / "float32.onnx"), features)
    np.testing.assert_allclose(written, run(source, features), rtol=0, atol=1e-5)


def test_write_to_tflite_is_refused(write_onnx: WriteOnnx, tmp_path: Path) -> None:
    source, _ = ONNX.adopt(write_onnx(), tmp_path, (13, 10))
    with pytest.raises(
        ExportError, match="imported from onnx is exported to onnx only, not to tflite: import the Keras"
    ):
        write_float32(source, "tflite", tmp_path / "float32.tflite")


def nan_weights() -> np.ndarray:
    weights = np.ones((130, 3), np.float32)
    weights[5, 1] = np.nan
    return weights


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"second_input": True}, "expected a model of one input, got 2: in, other"),
        ({"weights": np.zeros((130, 3))}, "expected a float32 input, got float64"),
        ({"weights": nan_weights()}, "the weights weights hold NaN"),
        ({"first": ("Mystery", "my.domain")}, "has the operator Mystery of my.domain, which is not ONNX' own"),
        ({"input_shape": ("n", 13, 12)}, "takes features of shape 13 x 12, got 13 x 10"),
    ],
)
def test_adopt_says_what_is_wrong(write_onnx: WriteOnnx, tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(ExportError, match=f"brought.onnx: {message}"):
        ONNX.adopt(write_onnx(**options), tmp_path, (13, 10))


def test_adopt_refuses_what_is_quantised_already(write_onnx: WriteOnnx, tmp_path: Path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(write_onnx(), tmp_path / "int8.onnx")
    with pytest.raises(
        ExportError, match=r"int8.onnx: is quantised \(it has DynamicQuantizeLinear\): import the float32"
    ):
        ONNX.adopt(tmp_path / "int8.onnx", tmp_path, (13, 10))


def test_adopt_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ExportError, match="text.onnx: not an ONNX file that can be read"):
        ONNX.adopt(tmp_path / "text.onnx", tmp_path, (13, 10))
