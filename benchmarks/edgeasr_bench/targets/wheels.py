"""Wheels for another machine: fetched and unpacked here, so that the machine needs neither pip nor the internet."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.data.download import cache_folder
from edgeasr.errors import TargetError
from edgeasr.machine import package_version
from edgeasr_bench.targets.source import OLDEST_PYTHON

__all__ = ["PACKAGES", "System", "environment_for"]

# Packages that bring a runtime, the best first. None of them imports more than NumPy, which is all that some need.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "tflite": ("ai-edge-litert", "tflite-runtime"),
    "onnxruntime": ("onnxruntime",),
    "reference": (),
}

_OLD_NUMPY = ("tflite-runtime",)  # were built against NumPy 1
_PYTHONS = tuple((OLDEST_PYTHON[0], minor) for minor in range(OLDEST_PYTHON[1], 15))
_OLDEST_GLIBC = 17  # the manylinux that came first, also called manylinux2014
_LIMIT_S = 600


@dataclass(frozen=True)
class System:
    """What a wheel must fit.

    Attributes:
        python: version, such as (3, 11).
        architecture: as in the names of wheels, such as "aarch64" or "armv7l".
        glibc_minor: of the C library 2.x.
    """

    python: tuple[int, int]
    architecture: str
    glibc_minor: int

    @property
    def tag(self) -> str:
        """The interpreter, as in the names of wheels."""
        return f"cp{self.python[0]}{self.python[1]}"


def environment_for(runtimes: Sequence[str], system: System, numpy_there: bool) -> list[Path]:
    """Give folders to import a few runtimes and NumPy from, on another machine.

    Args:
        runtimes: keys of `PACKAGES`.
        system: the other machine's.
        numpy_there: whether it has a NumPy, which has to do where there is no wheel of it.

    Raises:
        TargetError: there is no wheel; the message says which there are.
    """
    if not system.glibc_minor:
        raise TargetError("wheels need the C library glibc 2, which is not there: install the runtimes there by hand")
    chosen: dict[str, Path] = {}
    for runtime in runtimes:
        if runtime not in PACKAGES:
            raise TargetError(f"{runtime} runs on no device: expected artefacts of {' or '.join(PACKAGES)}")
        if not PACKAGES[runtime]:
            continue
        found = ((package, _unpacked(package, system)) for package in PACKAGES[runtime])
        package, folder = next(((package, folder) for package, folder in found if folder), ("", None))
        if folder is None:
            raise TargetError(_no_wheel(runtime, system))
        chosen[package] = folder
    numpy = _unpacked("numpy<2" if set(_OLD_NUMPY) & set(chosen) else "numpy", system)
    if numpy is None and not numpy_there:
        raise TargetError(
            f"there is no wheel of NumPy for {_describe(system)}: install it there, "
            "on Debian with `sudo apt install python3-numpy`"
        )
    return [*chosen.values(), *([numpy] if numpy else [])]


def _no_wheel(runtime: str, system: System) -> str:
    """Say which wheels there are instead."""
    names = PACKAGES[runtime]
    there = []
    for package in names:
        pythons = []
        for python in _PYTHONS:
            with suppress(_NoWheel):  # pip takes the wheels of another platform with a target only
                _pip(package, replace(system, python=python), "--dry-run", "--target=nowhere")
                pythons.append(f"{python[0]}.{python[1]}")
        if pythons:
            there.append(f"{package} for Python {', '.join(pythons)}")
    instead = f"there are {' and '.join(there)}" if there else f"there are none for {system.architecture}"
    return f"there is no wheel of {' or '.join(names)} for {_describe(system)}: {instead}"


def _describe(system: System) -> str:
    return f"{system.architecture}, Python {system.python[0]}.{system.python[1]}, glibc 2.{system.glibc_minor}"


def _unpacked(requirement: str, system: System) -> Path | None:
    """Give the folder of a package, in the version that this machine has where there is a wheel of it."""
    package = re.split("[<>=]", requirement)[0]
    version = package_version(package)
    wanted = [f"{package}=={version}"] if version and requirement == package else []
    for spec in (*wanted, requirement):
        # The glibc is in the name because a wheel for a newer one would not load.
        name = f"{re.sub('[<>=]+', '-', spec)}-{system.tag}-{system.architecture}-glibc{system.glibc_minor}"
        folder = cache_folder() / "wheels" / name
        if folder.exists():
            return folder
        with suppress(_NoWheel), replacing(folder) as scratch:
            _pip(spec, system, f"--target={scratch}")
        if folder.exists():
            return folder
    return None


class _NoWheel(Exception):
    """There is none that fits."""


def _pip(requirement: str, system: System, *options: str) -> None:
    glibcs = range(system.glibc_minor, _OLDEST_GLIBC - 1, -1)
    platforms = [f"manylinux_2_{minor}_{system.architecture}" for minor in glibcs]
    platforms += [f"manylinux2014_{system.architecture}", f"linux_{system.architecture}"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--ignore-installed", "--only-binary=:all:"]
    command += ["--implementation=cp", f"--python-version={system.tag[2:]}"]
    command += [f"--abi={abi}" for abi in (system.tag, "abi3", "none")]
    command += [f"--platform={platform}" for platform in platforms]
    try:
        done = subprocess.run([*command, *options, requirement], capture_output=True, text=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise TargetError(f"pip did not fetch {requirement} within {_LIMIT_S} s: check the network") from error
    if "No matching distribution" in done.stderr:
        raise _NoWheel
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise TargetError(f"pip cannot fetch {requirement} ({lines[-1] if lines else 'it says nothing'})")
