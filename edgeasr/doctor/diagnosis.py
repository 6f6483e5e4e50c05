"""A diagnosis: every optional package tried in a process of its own, and what to do about those that fail."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from edgeasr import __version__
from edgeasr.child import Child, start
from edgeasr.doctor.probes import PROBES, Answer, Probe
from edgeasr.machine import Cpu, package_version, read_machine

__all__ = ["Finding", "Report", "diagnose"]


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
    machine = read_machine()
    answers = _ask(PROBES, timeout_s)
    return Report(
        edgeasr=__version__,
        python=machine.python,
        platform=f"{machine.os}, {machine.kernel}",
        cpu=machine.cpu,
        runtimes=tuple(_finding(PROBES[key], found, answers) for key, found in answers.items()),
        gpu=tuple(answers["keras"].devices),
        microphones=tuple(answers["sounddevice"].devices),
    )


def _ask(probes: Mapping[str, Probe], timeout_s: float) -> dict[str, Answer]:
    with ExitStack() as running:
        children = {key: running.enter_context(start("edgeasr.doctor", key, time_limit_s=timeout_s)) for key in probes}
        return {key: _answer(probes[key].package, child) for key, child in children.items()}


def _answer(package: str, child: Child) -> Answer:
    # The first report will do: a package may hang when it is unloaded.
    for found in child.reports():
        return Answer(**found)
    version = package_version(package)
    fix = f"pip install --force-reinstall '{package}<{version}'" if child.crashed and version else ""
    return Answer("broken", version, child.ending(package), fix)


def _finding(probe: Probe, found: Answer, answers: Mapping[str, Answer]) -> Finding:
    detail, fix = found.detail, found.fix
    twin = {"ai-edge-litert": "tflite-runtime", "tflite-runtime": "ai-edge-litert"}.get(probe.package)
    if found.status == "missing" and twin and answers[twin].status == "ok":
        detail = f"not needed beside {twin}"  # nor possible: their NumPy versions exclude each other
    elif found.status == "missing":
        fix = f"pip install 'edgeasr[{probe.extra}]'" if probe.extra else f"pip install {probe.package}"
    elif found.status == "broken" and not fix:
        fix = f"pip install --force-reinstall {probe.package}"
    return Finding(probe.name, probe.package, found.version, found.status, detail, fix)
