"""`edgeasr train`, as a user calls it: recipes, options, and what is refused before any work."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done

Run = Callable[..., Done]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edgeasr(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgeasr", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.mark.slow
def test_train_takes_the_recipe_and_lets_options_go_before_it(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'model = "ds-cnn"\ndata = ["synthetic:yes,no"]\nepochs = 9\nseed = 3\nbatch_size = 64\n'
        '[augment]\nshift_ms = 10\n[frontend]\nkind = "log-mel"\nmel_bins = 20\n'
    )
    done = edgeasr("train", "--recipe", "recipe.toml", "--epochs", 1, "--out", "bundle", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["labels"] == ["yes", "no"]
    assert len(result["metrics"]["history"]) == 1
    training = json.loads((tmp_path / "bundle" / "manifest.json").read_text())["training"]
    assert (training["epochs"], training["seed"], training["augment"]["shift_ms"]) == (1, 3, 10.0)
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert (manifest["frontend"]["kind"], manifest["frontend"]["mel_bins"]) == ("log-mel", 20)
    assert len(manifest["frontend"]["mean"]) == 20

    refused = edgeasr("train", "--recipe", "recipe.toml", "--out", "bundle", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--overwrite" in refused.stderr


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        ("model = ", "recipe.toml: "),
        ('model = "ds-cnn"\ndata = ["synthetic"]\nepoch = 3', "unknown setting 'epoch'"),
        ('model = "ds-cnn"\ndata = ["synthetic"]\nepochs = "many"', "expected int, got 'many'"),
        ('model = "ds-cnn"\ndata = ["synthetic"]\n[augment]\nshift_ms = -1', "shift_ms must be 0 or more"),
        ('model = "ds-cnn"\ndata = ["synthetic"]\n[frontend]\nhop_ms = 0', "hop_ms"),
        ('model = "resnet"\ndata = ["synthetic"]', "unknown model 'resnet': expected one of"),
        ('model = "ds-cnn"\ndata = ["timit"]', "unknown data set 'timit': expected one of"),
        ('model = "ds-cnn"\ndata = ["folder:nowhere"]', "nowhere"),
        ('model = "ds-cnn"\ndata = ["synthetic"]\nleave_out = "theo"', "synthetic has no speaker 'theo'"),
    ],
)
def test_train_refuses_a_wrong_recipe_in_one_line(run: Run, here: Path, recipe: str, complaint: str) -> None:
    (here / "recipe.toml").write_text(recipe)
    done = run("train", "--recipe", "recipe.toml", "--out", "bundle")
    assert done.code == 1
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("edgeasr: ")
    assert complaint in line
    assert not (here / "bundle").exists()


def test_train_refuses_an_out_that_cannot_be_written_before_the_data_are_read(run: Run, here: Path) -> None:
    (here / "file").write_text("no folder")
    done = run("train", "ds-cnn", "--data", "folder:nowhere", "--out", "file/bundle")
    assert (done.code, done.out) == (1, "")
    expected = f"edgeasr: {here}/file/bundle: Not a directory: check the path, the rights and the free space\n"
    assert done.err == expected


@pytest.mark.parametrize("arguments", [["ds-cnn"], ["--data", "synthetic"], ["ds-cnn", "--data", "x", "--epochs", "0"]])
def test_train_called_wrongly_exits_2(run: Run, arguments: list[str], tmp_path: Path) -> None:
    done = run("train", *arguments, "--out", str(tmp_path / "bundle"))
    assert done.code == 2
    assert "Usage:" in done.err
