"""The device installs: the wheel, without TensorFlow or librosa around it, runs exported artefacts."""

import json
import os
import subprocess
import sys
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.card import Card, append_to_tflite
from edgeasr.features.config import FrontendConfig

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(os.environ.get("EDGEASR_DATA", ROOT / "../shared/data")) / "models"
RUNTIMES = {"device": "ai-edge-litert", "device-legacy": "tflite-runtime"}
TRAINING = {
    "tensorflow",
    "keras",
    "librosa",
    "numba",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "onnx",
    "tf2onnx",
}
LABELS = ("silence", "unknown", "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


@dataclass(frozen=True)
class Environment:
    """An environment that holds only the wheel and one extra, and a folder outside the checkout."""

    extra: str
    python: Path
    folder: Path

    def run(self, *arguments: str | Path, stdin: bytes = b"", code: int = 0) -> "subprocess.CompletedProcess[bytes]":
        """Run the console script there; assert the exit code and that no traceback is shown."""
        done = _run([self.python.with_name("edgeasr"), *arguments], cwd=self.folder, stdin=stdin)
        assert done.returncode == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return done


def _run(command: Sequence[str | Path], cwd: Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(command, cwd=cwd, env=environment, input=stdin, capture_output=True, timeout=300)


def _pip(folder: Path, *arguments: str | Path) -> None:
    done = _run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], folder)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _pip(folder, "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("edgeasr-*.whl")
    return built


@pytest.fixture(scope="module", params=RUNTIMES)
def device(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    if request.param == "device-legacy" and sys.version_info >= (3, 12):
        pytest.skip("tflite-runtime has no wheel for this Python")
    folder = tmp_path_factory.mktemp(request.param)
    _run([sys.executable, "-m", "venv", "--without-pip", "venv"], folder)
    python = folder / "venv/bin/python"
    _pip(folder, "--python", python, "install", "--no-compile", f"{wheel}[{request.param}]")
    return Environment(request.param, python, folder)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a WAV file: two seconds of noise, 16 kHz, mono."""
    path = tmp_path_factory.mktemp("clip") / "noise.wav"
    noise = np.random.default_rng(0).normal(0, 3000, 32000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(noise.tobytes())
    return path


@pytest.fixture(scope="module")
def exported(exported: Bundle) -> Path:
    """Return the built-in model as int8 TFLite, exported here, where TensorFlow is."""
    (artefact,) = exported.path.glob("*.int8.tflite")
    return artefact


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a TFLite file that somebody else converted, with a card put into it: MLPerf Tiny's reference."""
    original = MODELS / "mlperf_kws_int8.tflite"
    if not original.exists():
        pytest.skip("the reference model of MLPerf Tiny is not here")
    frontend = FrontendConfig(kind="mfcc")
    assert frontend.shape == (49, 10)
    card = Card("mlperf-kws", "int8", LABELS, frontend, "probabilities", "")
    path = tmp_path_factory.mktemp("foreign") / "kws.int8.tflite"
    path.write_bytes(append_to_tflite(original.read_bytes(), card))
    return path


def test_device_install_has_a_runtime_and_no_training_packages(device: Environment) -> None:
    listing = "import importlib.metadata as m; print(*{d.name.lower() for d in m.distributions()})"
    done = _run([device.python, "-c", listing], device.folder)
    names = {name.replace("_", "-").replace(".", "-") for name in done.stdout.decode().split()}
    assert RUNTIMES[device.extra] in names
    assert not names & TRAINING
    assert len(set(RUNTIMES.values()) & names) == 1


def test_device_install_runs_its_console_script(device: Environment) -> None:
    assert device.run("--version").stdout.startswith(b"edgeasr, version ")
    assert b"listen" in device.run("--help").stdout


def test_device_install_is_examined_by_the_doctor(device: Environment) -> None:
    report = json.loads(device.run("doctor", "--json").stdout)
    findings = {finding["package"]: finding for finding in report["runtimes"]}
    assert findings[RUNTIMES[device.extra]]["status"] == "ok"
    assert findings["keras"]["status"] == "missing"
    assert findings["keras"]["fix"] == "pip install 'edgeasr[train]'"


def test_device_install_benches_an_exported_artefact(device: Environment, exported: Path) -> None:
    (result,) = json.loads(device.run("bench", exported, "--seconds", "0.1", "--json").stdout)["results"]
    assert result["runtime"] == "tflite"
    assert result["runtime_version"].startswith(RUNTIMES[device.extra])
    assert 0 < result["latency_us"]["p50"] <= result["latency_us"]["p99"]


def test_device_install_benches_a_foreign_artefact(device: Environment, foreign: Path) -> None:
    (result,) = json.loads(device.run("bench", foreign, "--seconds", "0.1", "--json").stdout)["results"]
    assert result["latency_us"]["p50"] > 0


@pytest.mark.parametrize("artefact", ["exported", "foreign"])
def test_device_install_listens_to_a_file_and_to_stdin(
    device: Environment, artefact: str, clip: Path, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(artefact)
    sensitive = ("--threshold", "0.05", "--json")  # so that even noise is taken for some word
    from_file = device.run("listen", model, clip, *sensitive).stdout
    assert all({"time_s", "label", "score"} == set(json.loads(line)) for line in from_file.splitlines())
    assert from_file
    with wave.open(str(clip)) as file:
        samples = file.readframes(file.getnframes())
    assert device.run("listen", model, "-", *sensitive, stdin=samples).stdout == from_file


def test_device_install_says_what_exporting_needs(device: Environment) -> None:
    done = device.run("export", code=1)
    assert b"pip install 'edgeasr[export]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(device.folder.glob("digits*"))
