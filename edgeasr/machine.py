"""The machine that this process runs on: what may change a measurement, nothing that names it or its user."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FEATURES", "Cpu", "Machine", "installed_packages", "package_version", "read_cpu", "read_machine"]

_COMPUTING = ("numpy", "ai-edge-litert", "tflite-runtime", "onnxruntime", "keras", "tensorflow", "jax", "torch")

# The vector instructions that inference kernels are chosen by, under the names that edgeasr uses for them, and the
# flags of /proc/cpuinfo that mean them; under the line of /proc/cpuinfo that lists the flags. A name in both tables
# means the same: arithmetic on that type of number.
FEATURES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "flags": {  # x86
        "SSE4.1": frozenset({"sse4_1"}),
        "AVX": frozenset({"avx"}),
        "F16C": frozenset({"f16c"}),
        "FMA": frozenset({"fma"}),
        "AVX2": frozenset({"avx2"}),
        "AVX512": frozenset({"avx512f"}),
        "VNNI": frozenset({"avx512_vnni", "avx_vnni"}),
        "FP16": frozenset({"avx512_fp16"}),
        "BF16": frozenset({"avx512_bf16", "amx_bf16"}),
        "AMX": frozenset({"amx_int8"}),
    },
    "Features": {  # ARM, 32 and 64 bits
        "NEON": frozenset({"neon", "asimd"}),
        "dotprod": frozenset({"asimddp"}),
        "i8mm": frozenset({"i8mm"}),
        "FP16": frozenset({"asimdhp"}),
        "BF16": frozenset({"bf16"}),
        "SVE": frozenset({"sve"}),
        "SME": frozenset({"sme"}),
    },
}


@dataclass(frozen=True)
class Cpu:
    """The processor.

    Attributes:
        model: name of the board where it has one, else of the processor; None where the system does not say.
        architecture: such as "x86_64" or "aarch64".
        logical_cores: those that this process may use.
        features: names of `FEATURES` for this architecture, and whether it has them; empty where that is unknown.
    """

    model: str | None
    architecture: str
    logical_cores: int
    features: Mapping[str, bool]


@dataclass(frozen=True)
class Machine:
    """A machine at one moment; None where the system does not say.

    Attributes:
        cpu: the processor.
        memory_bytes: its memory.
        governor: of the first core's clock frequency.
        load_average: runnable processes in the last minute.
        os: name and version of the distribution.
        kernel: name and release.
        python: version of this interpreter.
    """

    cpu: Cpu
    memory_bytes: int | None
    governor: str | None
    load_average: float | None
    os: str
    kernel: str
    python: str


def read_machine(root: Path = Path("/")) -> Machine:
    """Describe this machine as it is now.

    Args:
        root: the folder that `etc`, `proc` and `sys` are in.
    """
    return Machine(
        cpu=read_cpu(root),
        memory_bytes=_memory_bytes(),
        governor=_read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or None,
        load_average=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        os=_os_name(root),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def read_cpu(root: Path = Path("/")) -> Cpu:
    """Describe the processor: of cores that differ, the first.

    Args:
        root: the folder that `proc` is in.
    """
    facts: dict[str, str] = {}
    for line in _read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    names = [facts.get(key) for key in ("Model", "model name", "Hardware", "cpu model")]
    names = [_read(root / "proc/device-tree/model"), *names, platform.processor()]
    known, flags = next(((FEATURES[key], facts[key].split()) for key in FEATURES if key in facts), ({}, []))
    return Cpu(
        model=next((name for name in names if name), None),
        architecture=platform.machine(),
        logical_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        features={feature: not meaning.isdisjoint(flags) for feature, meaning in known.items()},
    )


def installed_packages() -> dict[str, str]:
    """Give the version of each installed package that computes."""
    return {package: version for package in _COMPUTING if (version := package_version(package))}


def package_version(package: str) -> str:
    """Give the installed version of a distribution, as pip knows it; empty where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _os_name(root: Path) -> str:
    for line in _read(root / "etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip("\"'")
    return platform.system()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return ""
