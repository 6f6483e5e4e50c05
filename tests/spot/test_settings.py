"""The settings that a bundle keeps for listening."""

import shutil
from pathlib import Path

import pytest

from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Bundle
from edgeasr.config import to_mapping
from edgeasr.errors import BundleError, ConfigError
from edgeasr.spot import SpotterConfig
from edgeasr.spot.settings import kept_settings

CONFIG = SpotterConfig(threshold=0.93, smoothing="max", thresholds={"one": 0.5}, minimum_count=2)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUILTIN, tmp_path / "digits"))


def test_settings_kept_in_a_bundle_are_read_for_it_and_its_artefacts(bundle: Path) -> None:
    assert kept_settings(bundle) is None
    Bundle.open(bundle).keep_spotting({"config": to_mapping(CONFIG), "measured": {"words": 3}})
    assert kept_settings(bundle) == CONFIG
    assert kept_settings(bundle / "model.int8.tflite") == CONFIG
    assert Bundle.open(bundle).manifest.spotting["measured"] == {"words": 3}


def test_a_file_in_no_bundle_has_no_settings(tmp_path: Path) -> None:
    assert kept_settings(tmp_path / "model.tflite") is None
    (tmp_path / "manifest.json").write_text("{}")
    assert kept_settings(tmp_path / "model.tflite") is None


def test_settings_out_of_range_are_refused(bundle: Path) -> None:
    Bundle.open(bundle).keep_spotting({"config": {"threshold": 7.0}})
    with pytest.raises(ConfigError, match=r"manifest.json: spotting: spotter: threshold must lie above 0"):
        kept_settings(bundle)


def test_a_damaged_bundle_is_refused(bundle: Path) -> None:
    (bundle / "samples.npz").write_bytes(b"")
    with pytest.raises(BundleError, match="samples.npz was altered"):
        kept_settings(bundle)
