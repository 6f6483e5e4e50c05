"""Probes of the optional packages: import one and let it do something small, in a process of its own.

`python -m edgeasr.doctor NAME` runs one probe. A package built for another CPU dies of an illegal instruction, and a
broken driver hangs: then only this process is lost.
"""

import base64
import ctypes
import importlib
import os
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeasr.gpu import gpus_of
from edgeasr.machine import package_version

__all__ = ["PROBES", "Answer", "Probe", "answer"]

# One fully connected layer (TFLite) and one MatMul (ONNX) that double four numbers.
_TFLITE = (
    "eNqNkDEOwjAMRX9bC7UiqjJ04B5wACYmRgYGBkZGNkDiQIzcMHw7TluYSOW4/nmO7awAHHb7NdBjQERAS0UYgRFwpT0roKGvaSdagK4FSeGuNLA1rbiv"
    "9bf2SilVXjeM3YjVU+3o9c805QZL680ru/S+s442+r/Yl3N0hsYLapy8Zu0x/PxC2/hsbzKtz63MY8aL6dHOSq+FK/7mvIx8fmU4P7/7/nP39B4635TT"
    "5Va7D/asFRs="
)
_ONNX = (
    "eNrjYBdisOpl5BLkYqzgYiwXYqxUYvNNLPEtzRFiTNfy5mDhYBFgdGIs93JgYGAAYXRAtFiUMNAKIT4uHg5GIQ4uJg5GIGZJAgpW"
    "ogs6sXAxCPACAIK+C8w="
)


@dataclass(frozen=True)
class Answer:
    """What a probe found.

    Attributes:
        status: "ok", "missing" (not installed) or "broken".
        version: of the package; empty where it is unknown.
        detail: one line for people.
        fix: a command line that helps, where the probe knows a better one than installing the package.
        devices: GPUs (`{"backend", "name"}`) or microphones
            (`{"name", "channels", "sample_rate_hz", "default"}`).
    """

    status: str
    version: str = ""
    detail: str = ""
    fix: str = ""
    devices: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Probe:
    """How one package is tried.

    Attributes:
        name: what it is for.
        package: the distribution, as pip knows it.
        extra: the extra of edgeasr that installs it; empty for the core.
        check: imports and uses the package; raises where it does not work.
        apt: the system library that it loads, as apt knows it.
    """

    name: str
    package: str
    extra: str
    check: Callable[[], Answer]
    apt: str = ""


def answer(probe: Probe) -> Answer:
    """Run one probe in this process."""
    installed = package_version(probe.package)
    try:
        found = probe.check()
    except ModuleNotFoundError as error:
        if not installed:
            return Answer("missing")
        module = (error.name or "").partition(".")[0]
        return Answer("broken", installed, f"needs the module {module}", f"pip install {module}")
    except Exception as error:  # whatever a broken package throws is what the doctor is asked to report
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        fix = f"sudo apt install {probe.apt}" if probe.apt and isinstance(error, OSError) else ""
        return Answer("broken", installed, reason, fix)
    return Answer("ok", found.version or installed, found.detail, found.fix, found.devices)


def _numpy() -> Answer:
    np = importlib.import_module("numpy")
    _expect(np.ones((8, 8), np.float32) @ np.ones(8, np.float32), 8)
    return Answer("ok")


def _tflite(module: str) -> Answer:
    np = importlib.import_module("numpy")
    interpreter = importlib.import_module(module).Interpreter(model_content=_unpack(_TFLITE))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ones((1, 4), np.float32))
    interpreter.invoke()
    _expect(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), 2)
    return Answer("ok", detail="ran a model")


def _onnxruntime() -> Answer:
    np = importlib.import_module("numpy")
    onnxruntime = importlib.import_module("onnxruntime")
    session = onnxruntime.InferenceSession(_unpack(_ONNX), providers=["CPUExecutionProvider"])
    _expect(session.run(None, {"x": np.ones((1, 4), np.float32)})[0], 2)
    return Answer("ok", detail="ran a model")


def _keras() -> Answer:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = importlib.import_module("keras")
    backend = keras.backend.backend()
    _expect(keras.ops.convert_to_numpy(keras.ops.matmul(keras.ops.ones((4, 4)), keras.ops.ones((4, 1)))), 4)
    gpus = [{"backend": backend, "name": name} for name in gpus_of(backend)]
    detail = f"{backend} {importlib.import_module(backend).__version__}, {len(gpus) or 'no'} GPU"
    if gpus or not Path("/dev/nvidiactl").exists():
        return Answer("ok", detail=detail, devices=gpus)
    fix = "pip install 'edgeasr[gpu]'" if backend == "tensorflow" else ""
    return Answer("ok", detail=f"{detail}, though an NVIDIA GPU is here", fix=fix)


def _tf2onnx() -> Answer:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    importlib.import_module("tf2onnx.tfonnx")
    importlib.import_module("onnx").load_model_from_string(_unpack(_ONNX))
    return Answer("ok")


def _librosa() -> Answer:
    np = importlib.import_module("numpy")
    filters = importlib.import_module("librosa.filters").mel(sr=16000, n_fft=512, n_mels=40)
    _expect(np.count_nonzero(filters) > 0, True)
    return Answer("ok")


def _soundfile() -> Answer:
    np = importlib.import_module("numpy")
    soundfile = importlib.import_module("soundfile")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/probe.flac"
        soundfile.write(path, np.zeros(160), 16000)
        _expect(len(soundfile.read(path)[0]), 160)
    return Answer("ok", detail=f"libsndfile {soundfile.__libsndfile_version__}")


def _soxr() -> Answer:
    np = importlib.import_module("numpy")
    _expect(len(importlib.import_module("soxr").resample(np.zeros(441, np.float32), 44100, 16000)), 160)
    return Answer("ok")


def _microphone() -> Answer:
    sounddevice = importlib.import_module("sounddevice")
    default = sounddevice.default.device[0]
    devices = [
        {
            "name": device["name"],
            "channels": device["max_input_channels"],
            "sample_rate_hz": device["default_samplerate"],
            "default": index == default,
        }
        for index, device in enumerate(sounddevice.query_devices())
        if device["max_input_channels"] > 0
    ]
    detail = "no microphone" if not devices else ", ".join(str(device["name"]) for device in devices)
    return Answer("ok", detail=detail, devices=devices)


def _espeak() -> Answer:
    loader = importlib.import_module("espeakng_loader")
    library = ctypes.CDLL(loader.get_library_path())
    synchronous, no_exit = 2, 0x8000
    rate_hz = library.espeak_Initialize(synchronous, 0, os.fsencode(loader.get_data_path()), no_exit)
    _expect(rate_hz > 0, True)
    library.espeak_Info.restype = ctypes.c_char_p
    return Answer("ok", detail=f"eSpeak NG {library.espeak_Info(None).decode().split()[0]}")


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def _expect(result: Any, value: float) -> None:
    import numpy as np

    if not np.all(np.asarray(result) == value):
        raise ArithmeticError(f"expected {value}, computed {result}")


PROBES: Mapping[str, Probe] = {
    "numpy": Probe("arrays", "numpy", "", _numpy),
    "ai-edge-litert": Probe("TFLite", "ai-edge-litert", "device", lambda: _tflite("ai_edge_litert.interpreter")),
    "tflite-runtime": Probe(
        "TFLite, older devices",
        "tflite-runtime",
        "device-legacy",
        lambda: _tflite("tflite_runtime.interpreter"),
    ),
    "onnxruntime": Probe("ONNX", "onnxruntime", "onnx", _onnxruntime),
    "keras": Probe("training", "keras", "train", _keras),
    "tf2onnx": Probe("export to ONNX", "tf2onnx", "export", _tf2onnx),
    "librosa": Probe("reference features", "librosa", "train", _librosa),
    "espeakng-loader": Probe("spoken words", "espeakng-loader", "train", _espeak),
    "soundfile": Probe("FLAC, OGG, MP3", "soundfile", "audio", _soundfile, apt="libsndfile1"),
    "soxr": Probe("resampling", "soxr", "audio", _soxr),
    "sounddevice": Probe("microphone", "sounddevice", "mic", _microphone, apt="libportaudio2"),
}
