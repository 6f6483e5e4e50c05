"""The environment of a measurement: what may change it, nothing that names the machine or its user."""

import importlib.metadata
import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import edgeasr

__all__ = ["Environment", "read_environment"]

_PACKAGES = (
    "numpy",
    "ai-edge-litert",
    "tflite-runtime",
    "onnxruntime",
    "keras",
    "tensorflow",
    "jax",
    "torch",
)
# Of the flags of the CPU those that inference kernels are chosen by (x86, ARM)
_FEATURES = re.compile(r"sse4_[12]|avx.*|fma|f16c|amx_.*|neon|vfpv4|asimd|asimddp|asimdhp|fphp|sve.*|sme.*|i8mm|bf16")
_ROOT = Path(edgeasr.__file__).parents[1]


@dataclass(frozen=True)
class Environment:
    """What a measurement ran on; None where the system does not say.

    Attributes:
        edgeasr: version.
        git_sha: commit of the checkout it ran from, and "-dirty" where files were changed; None if installed.
        time_utc: when, ISO 8601.
        cpu: model.
        cpu_features: instruction sets that matter to inference.
        cores: logical cores this process may use.
        machine: architecture.
        memory_bytes: of the machine.
        governor: of the first core's clock frequency.
        load_average: runnable processes in the last minute, when it began.
        os: name and version.
        kernel: its release.
        python: version.
        packages: version of each installed package that computes.
    """

    edgeasr: str
    git_sha: str | None
    time_utc: str
    cpu: str | None
    cpu_features: tuple[str, ...]
    cores: int
    machine: str
    memory_bytes: int | None
    governor: str | None
    load_average: float | None
    os: str
    kernel: str
    python: str
    packages: dict[str, str]


def read_environment() -> Environment:
    """Describe this machine as it is now."""
    cpu = parse_cpuinfo(_read("/proc/cpuinfo"))
    return Environment(
        edgeasr=edgeasr.__version__,
        git_sha=git_sha(_ROOT),
        time_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        cpu=_read("/proc/device-tree/model").strip("\0\n") or _cpu_model(cpu) or platform.processor() or None,
        cpu_features=_cpu_features(cpu),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        machine=platform.machine(),
        memory_bytes=_memory_bytes(),
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or None,
        load_average=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        os=_os_name(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages=_package_versions(),
    )


def parse_cpuinfo(text: str) -> dict[str, str]:
    """Read the first value of each key of /proc/cpuinfo."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        values.setdefault(key.strip(), value.strip())
    return values


def git_sha(root: Path) -> str | None:
    """Name the commit of the checkout whose top folder is `root`; None where there is none."""
    if not (root / ".git").exists():  # an installed package may lie in somebody else's checkout
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--abbrev=40", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu_model(cpu: Mapping[str, str]) -> str | None:
    return next((cpu[key] for key in ("model name", "Model", "Hardware", "cpu model") if cpu.get(key)), None)


def _cpu_features(cpu: Mapping[str, str]) -> tuple[str, ...]:
    flags = (cpu.get("flags") or cpu.get("Features") or "").split()
    return tuple(sorted(flag for flag in flags if _FEATURES.fullmatch(flag)))


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _package_versions() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
