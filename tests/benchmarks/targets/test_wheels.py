"""Wheels for another machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgeasr.errors import TargetError
from edgeasr_bench.targets import wheels
from edgeasr_bench.targets.wheels import System, environment_for

PI = System((3, 11), "aarch64", 36)


@pytest.fixture
def index(monkeypatch, tmp_path):
    """Stand in for pip: what there is, as (requirement, Python, architecture), and what was asked for."""
    there, asked = set(), []

    def pip(requirement, system, *options):
        asked.append(requirement)
        if (requirement, system.python, system.architecture) not in there:
            raise wheels._NoWheel
        if "--dry-run" not in options:
            Path(options[0].removeprefix("--target=")).mkdir()

    monkeypatch.setattr(wheels, "_pip", pip)
    monkeypatch.setattr(wheels, "package_version", lambda package: "1.0" if package == "onnxruntime" else "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return there, asked


def test_environment_is_fetched_once_in_the_version_of_this_machine(index):
    there, asked = index
    there |= {(name, (3, 11), "aarch64") for name in ("onnxruntime==1.0", "onnxruntime", "numpy")}
    first = environment_for(["onnxruntime"], PI, numpy_there=False)
    assert [path.name for path in first] == ["onnxruntime-1.0-cp311-aarch64-glibc36", "numpy-cp311-aarch64-glibc36"]
    asked.clear()
    assert environment_for(["onnxruntime"], PI, numpy_there=False) == first
    assert asked == []


def test_environment_takes_another_version_where_there_is_no_wheel_of_ours(index):
    there, _ = index
    there |= {(name, (3, 9), "aarch64") for name in ("onnxruntime", "numpy")}
    (runtime, _) = environment_for(["onnxruntime"], replace(PI, python=(3, 9)), numpy_there=False)
    assert runtime.name == "onnxruntime-cp39-aarch64-glibc36"


def test_environment_of_an_old_runtime_has_an_old_numpy_for_all(index):
    there, _ = index
    names = ("tflite-runtime", "onnxruntime", "numpy", "numpy<2")
    there |= {(name, (3, 11), "aarch64") for name in names}
    found = environment_for(["tflite", "onnxruntime"], PI, numpy_there=False)
    assert [path.name.partition("-cp311")[0] for path in found] == ["tflite-runtime", "onnxruntime", "numpy-2"]


def test_environment_does_with_the_numpy_of_the_machine_where_there_is_no_wheel(index):
    there, _ = index
    there.add(("tflite-runtime", (3, 11), "armv7l"))
    arm = replace(PI, architecture="armv7l")
    assert len(environment_for(["tflite"], arm, numpy_there=True)) == 1
    with pytest.raises(TargetError, match=r"no wheel of NumPy for armv7l.*apt install python3-numpy"):
        environment_for(["tflite"], arm, numpy_there=False)


def test_environment_that_cannot_be_says_which_wheels_there_are(index):
    there, _ = index
    there |= {("tflite-runtime", (3, minor), "armv7l") for minor in (9, 10, 11)}
    arm = System((3, 13), "armv7l", 36)
    with pytest.raises(TargetError) as caught:
        environment_for(["tflite"], arm, numpy_there=True)
    assert str(caught.value) == (
        "there is no wheel of ai-edge-litert or tflite-runtime for armv7l, Python 3.13, glibc 2.36: "
        "there are tflite-runtime for Python 3.9, 3.10, 3.11"
    )
    with pytest.raises(TargetError, match="there are none for armv7l"):
        environment_for(["onnxruntime"], arm, numpy_there=True)


@pytest.mark.parametrize(
    ("runtime", "system", "complaint"),
    [("tflite", replace(PI, glibc_minor=0), "glibc"), ("keras", PI, "runs on no device")],
)
def test_environment_of_what_runs_nowhere_says_so(index, runtime, system, complaint):
    with pytest.raises(TargetError, match=complaint):
        environment_for([runtime], system, numpy_there=True)


@pytest.mark.slow
def test_environment_of_a_32_bit_pi_is_what_the_index_has(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    arm = System((3, 13), "armv7l", 36)
    with pytest.raises(TargetError, match=r"there are tflite-runtime for Python 3\.9, 3\.10, 3\.11$"):
        environment_for(["tflite"], arm, numpy_there=True)
    (folder,) = environment_for(["tflite"], replace(arm, python=(3, 11)), numpy_there=True)
    assert (folder / "tflite_runtime").is_dir()
