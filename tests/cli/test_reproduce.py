"""`edgeasr reproduce`, as a user calls it: a tiny study from its trainings to its pages."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr_bench.study import study_names
from tests.cli.conftest import Done

STUDY = """\
title = "Tiny"
source = "nothing"
asked = "Does it work?"

[settings]
model = "fsdd-cnn"
data = ["synthetic:yes,no"]

[[sections]]
title = "Epochs"
runs = ["one", "two"]
against = "epochs"

[[runs]]
name = "one"
settings = { epochs = 40, optimizer = "sgd" }
paper = { accuracy = 0.9, parameters = 177674 }

[[runs]]
name = "two"
settings = { epochs = 80 }
why = "Less of everything."

[quick]
runs = ["one", "two"]
settings = { epochs = 1, limit = 40, augment = { background_fraction = 0.0, noise_probability = 0.0 } }
"""


def edgeasr(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgeasr", "reproduce", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Do one of the two runs of a quick study; give the finished command, and the folder of the study."""
    folder = tmp_path_factory.mktemp("reproduce")
    (folder / "tiny.toml").write_text(STUDY)
    done = edgeasr("tiny.toml", "--quick", "--run", "one", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done, folder / "runs" / "own" / "tiny-quick"


def test_reproduce_trains_and_says_so(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    command, out = done
    assert "one, seed 0 (1 of 1)" in command.stderr
    assert "epoch   1/1" in command.stderr
    assert "Traceback" not in command.stderr
    assert [path.name for path in (out / "bundles").glob("*/")] == ["one-s0"]  # and no state of a training


def test_reproduce_prints_what_the_pages_show(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    command, out = done
    record = json.loads(command.stdout)
    assert record == json.loads((out / "study.json").read_text())
    assert record["command"] == "edgeasr reproduce tiny.toml --quick --run one --json"
    first, second = record["results"]
    assert first["settings"]["limit"] == 40
    assert first["differs"] == {"optimizer": "sgd"}
    (trial,) = first["trials"]
    assert trial["provenance"]["parameters"] == 177674 - 8 * 65  # of two labels
    assert trial["score"]["low"] <= trial["score"]["value"] <= trial["score"]["high"]
    assert trial["clips_per_s"] > 0
    assert second["trials"] == []
    assert set(record["showcase"]["evaluation"]["per_class"]) == {"yes", "no"}


def test_reproduce_writes_pages_with_their_pictures(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, out = done
    text = (out / "README.md").read_text()
    assert "edgeasr reproduce tiny.toml --quick --run one" in text
    assert "Less of everything" not in text  # a reason of the full study
    pictures = {path.name for path in (out / "pictures").iterdir()}
    assert pictures == {"curves-0.png", "against-0.png", "confusion.png", "clip.png", "layers.png"}
    assert all(f"(pictures/{name})" in text for name in pictures)
    assert (out / "index.html").read_text().count("data:image/png;base64,") == len(pictures)


def test_reproduce_shows_a_run_that_diverges_and_exits_with_1(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wild.toml").write_text(STUDY.replace('optimizer = "sgd"', 'optimizer = "sgd", learning_rate = 1e30'))
    done = run("reproduce", "wild.toml", "--quick", "--run", "one", "--out", "wild")
    assert (done.code, "Traceback" in done.err) == (1, False), done.err
    assert done.err.splitlines()[-1] == ("edgeasr: one with seed 0 diverged: wild/README.md says when")
    assert "| seed 0: loss is " in (tmp_path / "wild" / "README.md").read_text()
    (result, _) = json.loads((tmp_path / "wild" / "study.json").read_text())["results"]
    assert "after epoch 1" in result["failures"][0]["reason"]


@pytest.fixture
def refused(run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Give a function that calls the command with something wrong, and gives the one line that it says."""
    (tmp_path / "tiny.toml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> str:
        done = run("reproduce", *arguments)
        assert (done.code, done.out) == (1, "")
        (line,) = done.err.splitlines()
        assert not (tmp_path / "runs").exists()
        return line

    return call


def test_reproduce_of_an_unknown_study_names_those_there_are(refused: Callable[..., str]) -> None:
    names = ", ".join(study_names())
    assert refused("nonsense") == f"edgeasr: unknown study 'nonsense': expected one of {names}, or a .toml file"


def test_reproduce_of_an_unknown_run_names_those_there_are(refused: Callable[..., str]) -> None:
    assert refused("tiny.toml", "--run", "three") == "edgeasr: --run: no run 'three': expected one of one, two"


def test_reproduce_of_a_wrong_file_is_one_line(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(STUDY.replace("epochs = 80", "epoch = 80"))
    assert "wrong.toml: run two: unknown setting 'epoch'" in refused("wrong.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    assert "cannot read the settings in binary.toml" in refused("binary.toml")
    assert "cannot read the settings in nowhere.toml" in refused("nowhere.toml")


def test_reproduce_alone_lists_the_studies(run: Callable[..., Done]) -> None:
    done = run("reproduce", "--json")
    assert done.code == 0, done.err
    listed = json.loads(done.out)
    assert tuple(study["study"] for study in listed) == study_names()
    assert all(study["title"] and study["source"] for study in listed)
    assert study_names()[0] in run("reproduce").out
