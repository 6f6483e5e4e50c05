"""The profile of a model in ONNX Runtime."""

import tempfile

import pytest

from edgeasr_bench.profile import profile_onnx


def test_profile_has_every_kind_of_operator_with_its_time(make_onnx, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = make_onnx(outputs=300)
    operators = profile_onnx(path, 1)
    assert {operator.name for operator in operators} <= {"Flatten", "Reshape", "MatMul", "Gemm"}
    assert [operator.us for operator in operators] == sorted((one.us for one in operators), reverse=True)
    assert all(operator.calls == 1 for operator in operators)
    assert operators[0].us > 0
    assert list(tmp_path.iterdir()) == [path]  # no log is left behind
