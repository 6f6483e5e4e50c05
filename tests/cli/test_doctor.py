"""`edgeasr doctor`: survives packages that crash, hang or do not load, and says so in a fixed schema."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from edgeasr.cli import doctor as cli_doctor
from edgeasr.doctor import Finding, Report, diagnose, diagnosis
from edgeasr.doctor.probes import PROBES, Answer, Probe, answer
from edgeasr.machine import Cpu

FAKES = {
    "onnxruntime": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
    "librosa": "import time; time.sleep(600)",
    "soxr": "raise ImportError('undefined symbol: soxr_version')",
    "sounddevice": "raise OSError('PortAudio library not found')",
    "soundfile": "import os; os._exit(3)",
    "keras": "import a_backend_that_is_not_here",  # and so that the test need not wait for TensorFlow
    "tf2onnx": "",
}


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Return the findings of one run by package; most packages are fakes that fail, each in its way."""
    folder = tmp_path_factory.mktemp("fakes")
    for name, code in FAKES.items():
        (folder / f"{name}.py").write_text(code)
    run = subprocess.run(
        [sys.executable, "-m", "edgeasr", "doctor", "--json", "--timeout", "5"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 0, run.stderr
    return {finding["package"]: finding for finding in json.loads(run.stdout)["runtimes"]}


def test_doctor_reports_an_illegal_instruction(sick: dict[str, dict[str, str]]) -> None:
    assert sick["onnxruntime"]["status"] == "broken"
    assert sick["onnxruntime"]["detail"] == "onnxruntime crashed (SIGILL)"
    assert sick["onnxruntime"]["fix"].startswith("pip install --force-reinstall")


def test_doctor_stops_a_package_that_hangs(sick: dict[str, dict[str, str]]) -> None:
    assert sick["librosa"]["status"] == "broken"
    assert sick["librosa"]["detail"] == "librosa was stopped after 5 s"


@pytest.mark.parametrize(
    ("package", "detail"),
    [
        ("soxr", "ImportError: undefined symbol: soxr_version"),
        ("sounddevice", "OSError: PortAudio library not found"),
        ("soundfile", "soundfile ended with code 3"),
    ],
)
def test_doctor_says_why_a_package_does_not_load(sick: dict[str, dict[str, str]], package: str, detail: str) -> None:
    assert (sick[package]["status"], sick[package]["detail"]) == ("broken", detail)


def test_doctor_names_the_system_library_to_install(sick: dict[str, dict[str, str]]) -> None:
    assert sick["sounddevice"]["fix"] == "sudo apt install libportaudio2"


def test_doctor_examines_the_others_all_the_same(sick: dict[str, dict[str, str]]) -> None:
    assert list(sick) == list(PROBES)
    assert sick["numpy"]["status"] == "ok"


def test_doctor_json_has_the_documented_schema(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(FAKES["keras"])
    monkeypatch.syspath_prepend(tmp_path)
    quick = {key: PROBES[key] for key in ("numpy", "ai-edge-litert", "tflite-runtime", "keras", "sounddevice")}
    monkeypatch.setattr(diagnosis, "PROBES", quick)
    result = CliRunner().invoke(cli_doctor.command, ["--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert set(report) == {"edgeasr", "python", "platform", "cpu", "runtimes", "gpu", "microphones"}
    assert report["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(report["cpu"]) == {"model", "architecture", "logical_cores", "features"}
    assert report["cpu"]["logical_cores"] >= 1
    assert all(isinstance(there, bool) for there in report["cpu"]["features"].values())
    for finding in report["runtimes"]:
        assert set(finding) == {"name", "package", "version", "status", "detail", "fix"}
        assert finding["status"] in {"ok", "missing", "broken"}
    assert all(set(gpu) == {"backend", "name"} for gpu in report["gpu"])
    keys = {"name", "channels", "sample_rate_hz", "default"}
    assert all(set(microphone) == keys for microphone in report["microphones"])


@pytest.mark.parametrize("width", ["60", "80"])
def test_doctor_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    findings = (
        Finding("ONNX", "onnxruntime", "1.31.1", "ok", "ran a model", ""),
        Finding("TFLite", "ai-edge-litert", "2.3.0", "broken", "x" * 200, "pip install --force-reinstall x"),
        Finding("microphone", "sounddevice", "", "missing", "", "pip install 'edgeasr[mic]'"),
    )
    cpu = Cpu("some board", "aarch64", 4, {"NEON": True, "fp16": False})
    report = Report("0.1.0", "3.11.7", "Linux", cpu, findings, (), ())
    monkeypatch.setattr(cli_doctor, "diagnose", lambda timeout_s: report)
    monkeypatch.setenv("COLUMNS", width)
    result = CliRunner().invoke(cli_doctor.command)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= int(width)
    assert "NEON, without fp16" in result.stdout
    assert "microphone: pip install 'edgeasr[mic]'" in result.stdout


def test_doctor_advises_one_tflite_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {key: Answer("missing") for key in PROBES}
    monkeypatch.setattr(diagnosis, "_ask", lambda probes, timeout_s: answers)
    fixes = {finding.package: finding.fix for finding in diagnose().runtimes}
    assert fixes["ai-edge-litert"] == "pip install 'edgeasr[device]'"
    assert fixes["tflite-runtime"] == "pip install 'edgeasr[device-legacy]'"
    answers["tflite-runtime"] = Answer("ok", "2.14.0")
    findings = {finding.package: finding for finding in diagnose().runtimes}
    assert findings["ai-edge-litert"].fix == ""
    assert findings["ai-edge-litert"].detail == "not needed beside tflite-runtime"


@pytest.mark.parametrize("key", ["numpy", "ai-edge-litert", "onnxruntime", "soxr", "espeakng-loader"])
def test_probe_finds_what_is_installed(key: str) -> None:
    pytest.importorskip({"ai-edge-litert": "ai_edge_litert", "espeakng-loader": "espeakng_loader"}.get(key, key))
    found = answer(PROBES[key])
    assert found.status == "ok", found.detail
    assert found.version


def test_probe_tells_missing_from_broken() -> None:
    def check() -> Answer:
        raise ModuleNotFoundError("No module named 'absent'", name="absent.part")

    assert answer(Probe("x", "surely-not-installed", "x", check)).status == "missing"
    broken = answer(Probe("x", "pytest", "x", check))
    assert (broken.status, broken.fix) == ("broken", "pip install absent")


GPU = "NVIDIA H200"
BACKENDS = {
    "tensorflow": SimpleNamespace(
        config=SimpleNamespace(
            list_physical_devices=lambda kind: [kind],
            experimental=SimpleNamespace(get_device_details=lambda gpu: {"device_name": GPU}),
        )
    ),
    "jax": SimpleNamespace(
        devices=lambda: [SimpleNamespace(platform="cpu"), SimpleNamespace(platform="gpu", device_kind=GPU)]
    ),
    "torch": SimpleNamespace(
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False)),
        cuda=SimpleNamespace(device_count=lambda: 1, get_device_name=lambda index: GPU),
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_probe_names_the_gpu_that_the_backend_sees(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    ops = SimpleNamespace(ones=np.ones, matmul=np.matmul, convert_to_numpy=np.asarray)
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: backend), ops=ops)
    monkeypatch.setattr(BACKENDS[backend], "__version__", "1.2", raising=False)
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setitem(sys.modules, backend, BACKENDS[backend])
    found = answer(PROBES["keras"])
    assert (found.status, found.detail) == ("ok", f"{backend} 1.2, 1 GPU")
    assert found.devices == [{"backend": backend, "name": GPU}]
