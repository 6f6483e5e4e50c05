"""Optional packages: what is missing is named with the line that installs it, and nothing is imported early."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeasr.errors import MissingPackageError
from edgeasr.packages import check_installed, import_keras, require
from edgeasr.quiet import quiet


def test_require_gives_the_module() -> None:
    assert require("json.decoder", "train", "reading") is importlib.import_module("json.decoder")


def test_require_names_the_line_that_installs_it() -> None:
    expected = r"reading FLAC needs the package no_such \(No module named 'no_such'\): pip install 'edgeasr\[audio\]'"
    with pytest.raises(MissingPackageError, match=f"^{expected}$"):
        require("no_such.part", "audio", "reading FLAC")


def test_require_says_that_a_shared_library_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_installed.py").write_text("raise OSError('libsomething.so.2: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match=r"half_installed \(libsomething\.so\.2: .*: pip install"):
        require("half_installed", "mic", "the microphone")


def test_require_does_not_hide_a_bug_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "with_a_bug.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError):
        require("with_a_bug", "mic", "the microphone")


def test_check_installed_looks_without_importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "never_imported.py").write_text("raise AssertionError")
    monkeypatch.syspath_prepend(tmp_path)
    check_installed("never_imported", "export", "exporting")
    assert "never_imported" not in sys.modules
    with pytest.raises(
        MissingPackageError, match=r"exporting needs the package no_such: pip install 'edgeasr\[export\]'"
    ):
        check_installed("no_such", "export", "exporting")


def test_import_keras_without_keras_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingPackageError, match=r"training needs the package keras .*'edgeasr\[train\]'"):
        import_keras("training")


def test_quiet_throws_away_what_the_process_writes_to_stderr_and_lets_exceptions_pass() -> None:
    code = """
import os, sys
from edgeasr.quiet import quiet
os.write(2, b"before\\n")
try:
    with quiet():
        os.write(2, b"inside\\n")
        print("inside", file=sys.stderr)
        print("result")
        raise ValueError
except ValueError:
    os.write(2, b"after\\n")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"result\n", b"before\nafter\n")


def test_quiet_gives_its_file_descriptors_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with quiet():
            pass
    assert len(os.listdir("/proc/self/fd")) == before
