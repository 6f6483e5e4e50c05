"""What is said of the machine, on this one and on others."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from edgeasr.machine import FEATURES, package_version, read_cpu, read_machine

MakeRoot = Callable[..., Path]
XEON = "processor\t: 0\nmodel name\t: Xeon\nmodel\t\t: 143\nflags\t\t: fpu avx2 fma avx_vnni\n"
PI = "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n"
ARMV7 = "model name\t: ARMv7\nFeatures\t: half neon vfpv4\n"
TWO_KINDS = "model name\t: Small\nFeatures\t: asimd\n\nmodel name\t: Big\nFeatures\t: asimd sve\n"


@pytest.fixture
def make_root(tmp_path: Path) -> MakeRoot:
    """Give a function that writes files of /proc and /sys, and returns the folder they are in."""

    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("cpuinfo", "model", "features"),
    [
        pytest.param(XEON, "Xeon", {"AVX2", "FMA", "VNNI"}, id="x86"),
        pytest.param(PI, "Raspberry Pi 5 Model B Rev 1.0", {"NEON", "dotprod", "FP16"}, id="pi"),
        pytest.param(ARMV7, "ARMv7", {"NEON"}, id="armv7"),
        pytest.param(TWO_KINDS, "Small", {"NEON"}, id="big.LITTLE"),
    ],
)
def test_cpu_is_named_with_its_vector_instructions(
    make_root: MakeRoot, cpuinfo: str, model: str, features: set[str]
) -> None:
    cpu = read_cpu(make_root({"proc/cpuinfo": cpuinfo}))
    assert cpu.model == model
    assert {feature for feature, there in cpu.features.items() if there} == features
    assert list(cpu.features) in [list(names) for names in FEATURES.values()]


def test_cpu_has_the_name_of_its_board(make_root: MakeRoot) -> None:
    cpu = read_cpu(make_root({"proc/cpuinfo": ARMV7, "proc/device-tree/model": "Some Board\0"}))
    assert cpu.model == "Some Board"


def test_machine_that_says_nothing_is_described_all_the_same(
    make_root: MakeRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.processor", lambda: "")
    machine = read_machine(make_root({}))
    assert machine.cpu.model is None
    assert machine.cpu.features == {}
    assert machine.governor is None
    assert machine.cpu.logical_cores >= 1


def test_machine_names_its_governor(make_root: MakeRoot) -> None:
    root = make_root({"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n"})
    assert read_machine(root).governor == "powersave"


def test_machine_becomes_json() -> None:
    machine = read_machine()
    assert json.loads(json.dumps(asdict(machine)))["python"] == machine.python


def test_machine_needs_the_standard_library_alone() -> None:
    code = (
        "import sys, edgeasr.machine as m; m.read_machine(); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"numpy", "click", "rich"}


def test_package_version_is_empty_without_the_package() -> None:
    assert package_version("numpy") == np.__version__
    assert package_version("surely-not-installed") == ""
