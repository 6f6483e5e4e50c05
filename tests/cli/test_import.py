"""`edgeasr import`: what it prints, what it needs, and the model of MLPerf Tiny."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edgeasr.bundle import Bundle
from edgeasr.cli import group
from edgeasr.data.mlperf_kws import LABELS
from edgeasr.errors import DataError


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, ["import", *map(str, arguments)])


@pytest.fixture
def brought(tmp_path: Path) -> list[str | Path]:
    """Write an ONNX file whose three scores are the first three of its five inputs, and samples; give the arguments."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "first",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 5))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 3))],
        [numpy_helper.from_array(np.eye(5, 3, dtype=np.float32), "weights")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "first.onnx"
    )
    features = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
    samples = {"calibration": features, "verification": features}
    np.savez(tmp_path / "right.npz", **samples, targets=features[:, :3].argmax(axis=1))
    np.savez(tmp_path / "wrong.npz", **samples, targets=features[:, :3].argmin(axis=1))
    np.savez(tmp_path / "none.npz", **samples)
    return [tmp_path / "first.onnx", "--frontend", "none", "--out", tmp_path / "bundle"]


def test_import_prints_what_it_made(brought: list[str | Path], tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("one\ntwo \n\nthree\n")
    labels = ("--labels-file", tmp_path / "labels.txt")
    result = invoke(*brought, *labels, "--samples", tmp_path / "right.npz")
    assert result.exit_code == 0, result.exception
    assert "model.onnx, 5 in, logits of 3 labels out; can be exported to onnx" in result.stdout
    assert "right on its verification clips: 100.00%" in result.stdout
    assert "warning" not in result.stderr
    assert Bundle.open(tmp_path / "bundle").manifest.labels == ("one", "two", "three")
    again = invoke(*brought, *labels, "--samples", tmp_path / "wrong.npz", "--overwrite")
    assert "warning: that may be chance: are the labels in the order" in again.stderr
    unknown = invoke(*brought, *labels, "--samples", tmp_path / "none.npz", "--overwrite")
    assert "accuracy was not measured: the samples have no targets" in unknown.stdout


def test_import_keeps_the_contract_of_its_json(brought: list[str | Path], tmp_path: Path) -> None:
    result = invoke(*brought, "--labels", "a,b,c", "--samples", tmp_path / "right.npz", "--json")
    assert result.exit_code == 0, result.exception
    values = json.loads(result.stdout)
    assert set(values) == {"bundle", "model_file", "input_shape", "labels", "output", "formats", "metrics"}
    assert (values["model_file"], values["input_shape"], values["formats"]) == ("model.onnx", [5], ["onnx"])
    assert values["metrics"]["sample_accuracy"]["value"] == 1


def test_import_says_what_it_needs(brought: list[str | Path], tmp_path: Path) -> None:
    samples = ("--samples", tmp_path / "right.npz")
    for arguments, message in (
        ([*brought, *samples], "expected --labels or --labels-file"),
        ([*brought, *samples, "--labels", "a", "--labels-file", "b"], "expected --labels or --labels-file"),
        ([*brought, "--labels", "a,b,c"], "without real features nothing can be calibrated"),
        ([*brought, "--labels", "a,b,c", *samples, "--data", "fsdd"], "expected --data or --samples"),
        ([brought[0], "--out", tmp_path / "bundle"], "Missing option '--frontend'"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "bundle").exists()


def test_import_of_the_mlperf_model(real: Callable[[str], Path], tmp_path: Path) -> None:
    data, model = real("mlperf_tiny_kws01.zip"), real("models/mlperf_kws_float32.tflite")
    arguments = (model, "--labels", ",".join(LABELS), "--frontend", "none", "--out", tmp_path / "kws")
    result = invoke(*arguments, "--data", f"mlperf-kws-split:{data}")
    assert result.exit_code == 0, result.exception
    assert "5 weights of mlperf_kws_float32.tflite are int8" in result.stderr
    bundle = Bundle.open(tmp_path / "kws")
    assert (bundle.manifest.model_file, bundle.manifest.output) == ("model.tflite", "probabilities")
    assert bundle.samples().calibration.shape[1:] == (49, 10, 1)
    assert bundle.manifest.metrics["sample_accuracy"]["value"] > 0.87
    refused = invoke(*arguments, "--data", f"mlperf-kws:{data}", "--overwrite")
    assert isinstance(refused.exception, DataError)
    assert "no clip of the split 'train'" in str(refused.exception)
