"""Whether an interrupted training may go on, as its state says: no model is needed for that."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeasr.config import to_mapping
from edgeasr.errors import BundleError
from edgeasr.train.checkpoint import Checkpoint
from edgeasr.train.config import TrainConfig

CONFIG = TrainConfig("ds-cnn", ("fsdd",))


def write_state(folder: Path, settings: dict[str, Any]) -> Path:
    (folder / "state.json").write_text(
        json.dumps({"settings": settings, "epoch": 1, "history": [], "best_epoch": 1}), encoding="utf-8"
    )
    return folder


def test_setting_that_an_older_release_did_not_know_has_its_default(tmp_path: Path) -> None:
    older = to_mapping(CONFIG)
    del older["start_from"], older["augment"]["gain_db"]
    write_state(tmp_path, older)
    Checkpoint.check(tmp_path, to_mapping(CONFIG))
    with pytest.raises(BundleError, match="was begun with start_from = '', not 'others': pass the same sett"):
        Checkpoint.check(tmp_path, to_mapping(replace(CONFIG, start_from="others")))


def test_state_that_cannot_be_gone_on_with_says_how_to_begin_again(tmp_path: Path) -> None:
    write_state(tmp_path, {**to_mapping(CONFIG), "dropped": 1})
    with pytest.raises(BundleError, match=r"by another edgeasr \(.*unknown setting 'dropped'.*\): pass --restart to"):
        Checkpoint.check(tmp_path, to_mapping(CONFIG))
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(BundleError, match=r"cannot be read \(.*\): pass --restart to begin again, or delete"):
        Checkpoint.check(tmp_path, to_mapping(CONFIG))
