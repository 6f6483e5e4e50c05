"""What tests of several commands share: the command line, and a model whose answers can be foretold."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from edgeasr.card import METADATA_KEY, Card
from edgeasr.cli import main
from edgeasr.features import FrontendConfig

FRONTEND = FrontendConfig(kind="spectrogram", clip_ms=300, window_ms=16, hop_ms=10, fft_size=256)
LABELS = ("_silence_", "low", "high")


class Done(NamedTuple):
    """What became of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Give a function that runs the command line here, at 80 columns; a process of its own costs a second."""
    monkeypatch.setenv("COLUMNS", "80")

    def run_main(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["edgeasr", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as leaving:
            main()
        return Done(int(leaving.value.code or 0), *capsys.readouterr())

    return run_main


def write_bands(path: Path, card: Card | None) -> Path:
    """Write an ONNX model that says where the energy of its window lies: nowhere, below or above 4 kHz."""
    onnx = pytest.importorskip("onnx")
    weights = np.zeros((FRONTEND.bins, 3), np.float32)
    weights[:64, 1] = weights[64:, 2] = 1
    bias = np.array([2, 0, 0], np.float32)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("ReduceMean", ["features"], ["mean"], axes=[1], keepdims=0),
            onnx.helper.make_node("MatMul", ["mean", "weights"], ["bands"]),
            onnx.helper.make_node("Add", ["bands", "bias"], ["logits"]),
        ],
        "bands",
        [onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1, *FRONTEND.shape])],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, 3])],
        [onnx.numpy_helper.from_array(weights, "weights"), onnx.numpy_helper.from_array(bias, "bias")],
    )
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 13)])
    if card:
        onnx.helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def write_model() -> Callable[[Path, Card | None], Path]:
    """Give the function that writes the model, with a card or without."""
    return write_bands


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the path of the model."""
    pytest.importorskip("onnxruntime")
    card = Card("bands", "float32", LABELS, FRONTEND, "logits", "")
    return str(write_bands(tmp_path_factory.mktemp("bands") / "bands.onnx", card))
