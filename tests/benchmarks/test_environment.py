"""The description of the machine."""

import json
import platform
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import edgeasr
from edgeasr.machine import FEATURES, read_cpu
from edgeasr_bench.environment import git_sha, read_environment


def test_environment_names_neither_the_machine_nor_its_folders():
    text = json.dumps(asdict(read_environment()))
    assert f'"{platform.node()}"' not in text
    assert Path.home() == Path("/") or str(Path.home()) not in text
    assert str(Path(edgeasr.__file__).parent) not in text


def test_environment_has_the_versions_that_run():
    environment = read_environment()
    assert environment.packages["numpy"] == np.__version__
    assert environment.edgeasr == edgeasr.__version__
    assert environment.python == platform.python_version()
    assert environment.cores >= 1


def test_environment_lists_the_instructions_that_are_there():
    environment = read_environment()
    assert set(environment.cpu_features) <= {name for names in FEATURES.values() for name in names}
    assert all(read_cpu().features[name] for name in environment.cpu_features)


def test_git_sha_of_a_folder_inside_a_checkout_is_none(tmp_path):
    assert git_sha(tmp_path) is None


def test_git_sha_is_that_of_the_checkout_and_says_when_files_were_changed(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*words):
        options = ["-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
        return subprocess.run(["git", *options, *words], check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "first")
    git("tag", "v1")
    commit = git("rev-parse", "HEAD")
    assert git_sha(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    assert git_sha(tmp_path) == f"{commit}-dirty"
