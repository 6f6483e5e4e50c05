"""The environment of a measurement: what may change it, nothing that names the machine or its user."""

import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import edgeasr
from edgeasr.machine import Machine, installed_packages, read_machine

__all__ = ["Environment", "environment_of", "facts", "read_environment"]

_ROOT = Path(edgeasr.__file__).parents[1]


@dataclass(frozen=True)
class Environment:
    """What a measurement ran on; None where the system does not say.

    Attributes:
        edgeasr: version.
        git_sha: commit of the checkout it ran from, and "-dirty" where files were changed; None if installed.
        time_utc: when, ISO 8601.
        cpu: model.
        cpu_features: those of `edgeasr.machine.FEATURES` that it has.
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
    return environment_of(read_machine(), installed_packages())


def environment_of(machine: Machine, packages: dict[str, str]) -> Environment:
    """Describe a machine that this edgeasr measures on, and its packages."""
    return Environment(
        edgeasr=edgeasr.__version__,
        git_sha=git_sha(_ROOT),
        time_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        cpu=machine.cpu.model,
        cpu_features=tuple(feature for feature, there in machine.cpu.features.items() if there),
        cores=machine.cpu.logical_cores,
        machine=machine.cpu.architecture,
        memory_bytes=machine.memory_bytes,
        governor=machine.governor,
        load_average=machine.load_average,
        os=machine.os,
        kernel=machine.kernel,
        python=machine.python,
        packages=packages,
    )


def facts(environment: Environment) -> dict[str, str]:
    """Write an environment as texts: `{"git sha": "not known", "packages": "numpy 2.4.6, keras 3.15.0"}`."""
    return {key.replace("_", " "): _plain(value) for key, value in asdict(environment).items()}


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


def _plain(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return " ".join(value) if isinstance(value, tuple) else str(value)
