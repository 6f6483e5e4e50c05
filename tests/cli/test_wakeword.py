"""`edgeasr wakeword`, as a user calls it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgeasr.builtin import copy_builtin
from edgeasr.bundle import Bundle
from edgeasr.cli.wakeword import _trained
from edgeasr.config import to_mapping
from edgeasr.errors import BundleError
from edgeasr.train.config import TrainConfig
from edgeasr.train.wake import WakeConfig

pytest.importorskip("espeakng_loader")

CONFIG = TrainConfig("wake-cnn", ("wake-words", "phrase:robin"), wake=WakeConfig(("robin",)))


def edgeasr(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*arguments), capture_output=True, text=True, cwd=cwd, env=_without_data())


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "edgeasr", *map(str, arguments)]


def _without_data() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "EDGEASR_DATA"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["  "], "expected a word or phrase to listen for, got nothing"),
        (["привет"], "expected a phrase of letters from a to z, got 'п' in 'привет'"),
        (["oh"], "'oh' has 1 phoneme, expected at least 3"),
        (["hey robin", "--positives", "nowhere"], "nowhere: no such folder: expected one with recordings"),
        (["hey robin", "--positives", "."], "no audio in it: add recordings of 'hey robin'"),
        (["hey robin", "--data", "folder:nowhere"], "nowhere: no such folder: expected LABEL/CLIP.wav"),
        (["hey robin", "--data", "robins"], "unknown data set 'robins': expected one of"),
        (["hey robin", "--out", f"{sys.executable}/robin"], "/robin: Not a directory: check the path, the rights"),
    ],
)
def test_wakeword_refuses_what_it_cannot_use_in_one_line(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    done = edgeasr("wakeword", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("edgeasr: ")
    assert complaint in line
    assert not list(tmp_path.iterdir())


def test_wakeword_says_that_it_speaks_before_the_training(tmp_path: Path) -> None:
    begun = subprocess.Popen(
        _command("wakeword", "Hey Robin!"), cwd=tmp_path, env=_without_data(), stderr=subprocess.PIPE, text=True
    )
    assert begun.stderr is not None
    first = begun.stderr.readline()
    begun.send_signal(signal.SIGINT)
    _, rest = begun.communicate()
    assert re.match(r"phrase: saying 'hey robin' \d+ times, in [5-7]\d\d voices \.\.\.\n", first)
    assert rest.splitlines()[-1] == "edgeasr: interrupted"
    assert begun.returncode == 130


def _bundle_with(path: Path, **values: Any) -> Bundle:
    """Make a bundle with other values in its manifest."""
    manifest = copy_builtin(path).path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | values))
    return Bundle.open(path)


@pytest.mark.parametrize("overwrite", [False, True])
def test_wakeword_interrupted_after_its_training_does_not_train_again(tmp_path: Path, overwrite: bool) -> None:
    bundle = _bundle_with(tmp_path / "robin", training=to_mapping(CONFIG), spotting={})
    assert _trained(CONFIG, bundle.path, restart=False, overwrite=overwrite) == bundle


@pytest.mark.parametrize("change", [{"training": to_mapping(CONFIG) | {"seed": 1}}, {"spotting": {"config": {}}}])
def test_wakeword_that_is_another_or_ready_is_not_replaced(tmp_path: Path, change: dict[str, Any]) -> None:
    bundle = _bundle_with(tmp_path / "robin", **({"training": to_mapping(CONFIG), "spotting": {}} | change))
    with pytest.raises(BundleError, match="--overwrite"):
        _trained(CONFIG, bundle.path, restart=False, overwrite=False)


@pytest.mark.slow
def test_wakeword_is_trained_exported_measured_and_interrupted_without_any_data(tmp_path: Path) -> None:
    arguments = ("wakeword", "hey robin", "--epochs", 2, "--json")
    begun = subprocess.Popen(_command(*arguments), cwd=tmp_path, env=_without_data(), stderr=subprocess.PIPE)
    state = tmp_path / "hey-robin.training"
    while begun.poll() is None and not state.exists():  # the first epoch is over
        time.sleep(0.5)
    begun.send_signal(signal.SIGINT)
    begun.communicate()
    assert begun.returncode in (0, 130)  # it may have been as good as ready

    done = edgeasr(*arguments, cwd=tmp_path) if begun.returncode else None
    if done:
        assert done.returncode == 0, done.stderr
        assert "resuming after epoch" in done.stderr
        result = json.loads(done.stdout)
        assert result["words"] > 50
        assert Path(tmp_path, result["artefact"]).stat().st_size < 60_000
    manifest = json.loads((tmp_path / "hey-robin" / "manifest.json").read_text())
    assert manifest["labels"] == ["hey robin", "unknown"]
    assert manifest["spotting"]["config"]["hop_ms"] == 30
    assert "made by edgeasr" in (tmp_path / "hey-robin" / "MODEL_CARD.md").read_text()
    again = edgeasr(*arguments, cwd=tmp_path)
    assert again.returncode == 1
    assert "--overwrite" in again.stderr


@pytest.mark.slow
def test_wakeword_that_was_recorded_is_judged_by_speakers_of_the_recordings(
    tmp_path: Path, real: Callable[[str], Path]
) -> None:
    recordings = f"wake-words:{real('wake_words.zip')}"
    done = edgeasr("wakeword", "computer", "--data", recordings, "--epochs", 1, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "making the dev stream: 35 keywords in 7 voices" in done.stderr
    assert json.loads(done.stdout)["words"] == 50  # of the test split
    manifest = json.loads((tmp_path / "computer" / "manifest.json").read_text())
    assert manifest["training"]["data"] == [recordings, "phrase:computer"]
    assert "are recordings of people" in (tmp_path / "computer" / "MODEL_CARD.md").read_text()
