"""The doctor: what is installed on this machine, what of it works, and what to do about the rest."""

import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeasr import __version__
from edgeasr.probes import PROBES, Answer, Probe

__all__ = ["Cpu", "Finding", "Report", "diagnose", "read_cpu"]

# What the kernels of the runtimes look for, and the flags of /proc/cpuinfo that mean it.
_X86 = {
    "AVX2": {"avx2"},
    "FMA": {"fma"},
    "AVX512": {"avx512f"},
    "VNNI": {"avx512_vnni", "avx_vnni"},
    "BF16": {"avx512_bf16", "amx_bf16"},
    "AMX": {"amx_int8"},
}
_ARM = {
    "NEON": {"neon", "asimd"},
    "dotprod": {"asimddp"},
    "fp16": {"asimdhp"},
    "i8mm": {"i8mm"},
    "bf16": {"bf16"},
    "SVE": {"sve"},
}


@dataclass(frozen=True)
class Cpu:
    """The processor.

    Attributes:
        model: its name, or the board's.
        architecture: such as "x86_64" or "aarch64".
        logical_cores: those that this process may use.
        features: vector instructions that make speech models fast, and whether it has them.
    """

    model: str
    architecture: str
    logical_cores: int
    features: Mapping[str, bool]


@dataclass(frozen=True)
class Finding:
    """What was found out about one package.

    Attributes:
        name: what it is for.
        package: the distribution, as pip knows it.
        version: empty where it is unknown.
        status: "ok", "missing" or "broken".
        detail: one line for people.
        fix: the command line that installs or repairs it; empty where there is nothing to do.
    """

    name: str
    package: str
    version: str
    status: str
    detail: str
    fix: str


@dataclass(frozen=True)
class Report:
    """Everything that the doctor knows; its fields are the keys of `edgeasr doctor --json`."""

    edgeasr: str
    python: str
    platform: str
    cpu: Cpu
    runtimes: tuple[Finding, ...]
    gpu: tuple[dict[str, Any], ...]
    microphones: tuple[dict[str, Any], ...]


def diagnose(timeout_s: float = 30.0) -> Report:
    """Try every optional package in a process of its own, all at the same time.

    Args:
        timeout_s: how long a package may take before it counts as hanging.
    """
    answers = _ask(PROBES, timeout_s)
    return Report(
        edgeasr=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=read_cpu(),
        runtimes=tuple(_finding(PROBES[key], found, answers) for key, found in answers.items()),
        gpu=tuple(answers["keras"].devices),
        microphones=tuple(answers["sounddevice"].devices),
    )


def read_cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> Cpu:
    """Read the name and the vector instructions of the processor; no features where there is no `cpuinfo`."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    names = (facts.get("Model"), facts.get("model name"), facts.get("Hardware"), platform.processor())
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    known = _X86 if "flags" in facts else _ARM if "Features" in facts else {}
    return Cpu(
        model=next((name for name in names if name), "unknown"),
        architecture=platform.machine(),
        logical_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        features={feature: bool(flags & meaning) for feature, meaning in known.items()},
    )


def _ask(keys: Iterable[str], timeout_s: float) -> dict[str, Answer]:
    # The children look for packages where this process does, whatever way it was started.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    deadline = time.monotonic() + timeout_s
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for key in keys:
            children[key] = subprocess.Popen(
                [sys.executable, "-P", "-m", "edgeasr.probes", key],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        return {key: _wait(key, child, deadline, timeout_s) for key, child in children.items()}
    finally:
        for child in children.values():
            _kill(child)


def _wait(key: str, child: "subprocess.Popen[bytes]", deadline: float, timeout_s: float) -> Answer:
    version = _installed(PROBES[key].package)
    read_s = 0.2  # to read what a child wrote long ago, while one before it in the row used up the time
    try:
        output, _ = child.communicate(timeout=max(read_s, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill(child)
        return Answer("broken", version, f"no answer within {timeout_s:g} s")
    if child.returncode < 0:
        return Answer("broken", version, f"crashed ({_signal_name(-child.returncode)})")
    try:
        return Answer(**json.loads(output.splitlines()[-1]))
    except (ValueError, TypeError, IndexError):
        return Answer("broken", version, f"ended with code {child.returncode} and no answer")


def _kill(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):  # stuck in a driver, where no signal reaches it
        child.wait(timeout=1)
    if child.stdout:
        child.stdout.close()


def _finding(probe: Probe, found: Answer, answers: Mapping[str, Answer]) -> Finding:
    detail, fix = found.detail, found.fix
    twin = {"ai-edge-litert": "tflite-runtime", "tflite-runtime": "ai-edge-litert"}.get(probe.package)
    if found.status == "missing" and twin and answers[twin].status == "ok":
        detail = f"not needed beside {twin}"  # nor possible: their NumPy versions exclude each other
    elif found.status == "missing":
        fix = f"pip install 'edgeasr[{probe.extra}]'" if probe.extra else f"pip install {probe.package}"
    elif found.status == "broken" and not fix:
        crashed = detail.startswith("crashed") and found.version
        fix = f"pip install --force-reinstall '{probe.package}{f'<{found.version}' if crashed else ''}'"
    return Finding(probe.name, probe.package, found.version, found.status, detail, fix)


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
