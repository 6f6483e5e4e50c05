"""A tiny bundle with ONNX artefacts, made without Keras, and a run that was never measured."""

import dataclasses
from functools import partial

import numpy as np
import pytest

from edgeasr.bundle import Artefact, Bundle, Manifest, Samples
from edgeasr.card import METADATA_KEY
from edgeasr.features import FrontendConfig
from edgeasr.metrics.classification import Accuracy
from edgeasr_bench import candidates
from edgeasr_bench.environment import Environment
from edgeasr_bench.record import Confusion, Histogram, Latency, Ratio, Result, Run

FRONTEND = FrontendConfig(sample_rate_hz=8000, clip_ms=200, window_ms=20, hop_ms=10, fft_size=256, mel_bins=8)
LABELS = ("one", "two", "three")


def latency(p50, p95, p99, samples):
    """Make the latency of calls that were not timed, with the histogram that belongs to their median."""
    return Latency(p50, (p50 + p95) / 2, p95, p99, 2 * p99, samples, Histogram(378, (1, samples - 1)))


class SavedModel:
    """Stands for a Keras model where only its file matters."""

    def save(self, path, include_optimizer=False):
        path.write_bytes(b"weights")


def write_onnx(path, weights, card, shape=FRONTEND.shape):
    """Write an ONNX model that multiplies the features by `weights`, float [frames * bins, labels]."""
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Flatten", ["features"], ["flat"]),
            onnx.helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        ],
        "tiny",
        [onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1, *shape])],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, weights.shape[1]])],
        [onnx.numpy_helper.from_array(weights.astype(np.float32), "weights")],
    )
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 13)])
    if card:
        onnx.helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def weights():
    return np.random.default_rng(1).standard_normal((FRONTEND.frames * FRONTEND.bins, len(LABELS)))


@pytest.fixture
def make_onnx(tmp_path, weights):
    """Give a function that writes an ONNX model without a card, of any number of outputs."""

    def make(name="foreign.onnx", outputs=3, shape=FRONTEND.shape):
        columns = np.random.default_rng(2).standard_normal((int(np.prod(shape)), outputs))
        return write_onnx(tmp_path / name, columns, None, shape)

    return make


def write_bundle(folder, weights, name="digits", schemes=("float32", "int8"), model=None):
    """Write a bundle with ONNX artefacts of the given schemes; int8 is wrong more often.

    Of its 40 clips float32 labels 36 right.
    """
    pytest.importorskip("onnxruntime")
    features = np.random.default_rng(0).standard_normal((40, *FRONTEND.shape), np.float32)
    targets = (features.reshape(40, -1) @ weights).argmax(axis=1)
    targets[:4] = (targets[:4] + 1) % 3
    bundle = Bundle.create(
        folder / name,
        Manifest("tiny", LABELS, FRONTEND, "logits"),
        model or SavedModel(),
        Samples(features, features, targets),
    )
    noise = np.random.default_rng(3).standard_normal(weights.shape)
    for scheme in schemes:
        scratch = write_onnx(folder / "scratch.onnx", weights + (scheme != "float32") * noise, bundle.card(scheme))
        bundle = bundle.add(Artefact(f"tiny.{scheme}.onnx", "onnx", scheme, {}), scratch)
    return bundle


@pytest.fixture
def make_bundle(tmp_path, weights):
    """Give a function that writes a bundle."""
    return partial(write_bundle, tmp_path, weights)


def hide_keras(monkeypatch):
    """Make Keras and TensorFlow look as if they were not installed."""
    installed = candidates._is_installed
    monkeypatch.setattr(
        candidates, "_is_installed", lambda module: module not in ("keras", "tensorflow") and installed(module)
    )


@pytest.fixture
def without_keras(monkeypatch):
    hide_keras(monkeypatch)


@pytest.fixture
def result():
    """Give the result of a float32 artefact; tests change what they need."""
    return Result(
        artefact="ds-cnn.float32.tflite",
        runtime="tflite",
        runtime_version="ai-edge-litert 2.3.0",
        scheme="float32",
        threads=1,
        latency_us=latency(59.0, 80.0, 120.0, 5000),
        ratio_to_float=Ratio("ds-cnn.float32.tflite", 1.0, 1.0, 1.0),
        accuracy=Accuracy(0.99, 0.98, 0.995, 990, 1000),
        agreement=1.0,
        mcnemar_p=1.0,
        bytes=100_000,
        peak_rss_bytes=60_000_000,
        load_ms=120.0,
        original="ds-cnn.float32.tflite",
        first_inference_ms=0.5,
        latency_with_frontend_us=latency(150.0, 200.0, 300.0, 2000),
        frontend_us=latency(90.0, 100.0, 110.0, 3000),
        sha256="ab" * 32,
        model_sha256="cd" * 32,
        own_call_us=latency(54.0, 70.0, 100.0, 5000),
        rounds_us=(58.0, 59.0, 59.0, 60.0),
        confusion=Confusion(LABELS, ((330, 3, 0), (0, 330, 3), (4, 0, 330))),
    )


@pytest.fixture
def quantised(result):
    """Give a function that makes the result of an int8 artefact beside `result`."""

    def make(**changes):
        values = {
            "artefact": "ds-cnn.int8.tflite",
            "scheme": "int8",
            "ratio_to_float": Ratio(result.artefact, 1.72, 1.6, 1.8),
            "accuracy": Accuracy(0.987, 0.977, 0.993, 987, 1000),
            "mcnemar_p": 0.5,
            "bytes": 27_000,
            "sha256": "ef" * 32,
            "confusion": Confusion(LABELS, ((329, 4, 0), (0, 329, 4), (5, 0, 329))),
        }
        return dataclasses.replace(result, **{**values, **changes})

    return make


@pytest.fixture
def make_run():
    """Give a function that makes a run of the given results, with changes."""
    environment = Environment(
        edgeasr="0.1.0",
        git_sha=None,
        time_utc="2026-01-02T03:04:05Z",
        cpu="A CPU | with a bar",
        cpu_features=("avx2", "fma"),
        cores=2,
        machine="x86_64",
        memory_bytes=8_000_000_000,
        governor=None,
        load_average=0.25,
        os="Some Linux 12",
        kernel="Linux 6.1",
        python="3.11.7",
        packages={"numpy": "2.4.6"},
    )
    return lambda *results, **changes: Run(environment, results, ("a note on the run",), **changes)
