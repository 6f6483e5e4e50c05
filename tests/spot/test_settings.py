"""The settings that a bundle keeps for listening."""

import shutil
from pathlib import Path

import pytest

from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Artefact, Bundle
from edgeasr.config import to_mapping
from edgeasr.errors import BundleError, ConfigError
from edgeasr.spot import SpotterConfig
from edgeasr.spot.settings import kept_settings, settings_bundle

CONFIG = SpotterConfig(threshold=0.93, smoothing="max", thresholds={"one": 0.5}, minimum_count=2)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUILTIN, tmp_path / "digits"))


def with_artefact(bundle: Path, name: str = "model.int8.tflite") -> Path:
    """Put a file that is no model into a bundle, as one of its artefacts."""
    file = bundle.parent / name
    file.write_bytes(b"int8")
    return Bundle.open(bundle).add(Artefact(name, "tflite", "int8", {}), file).path / name


def test_settings_kept_in_a_bundle_are_read_for_it_and_its_artefacts(bundle: Path) -> None:
    artefact = with_artefact(bundle)
    assert kept_settings(bundle) is None is kept_settings(artefact)
    Bundle.open(bundle).keep_spotting({"config": to_mapping(CONFIG), "measured": {"words": 3}})
    assert kept_settings(bundle) == CONFIG == kept_settings(artefact)
    assert Bundle.open(bundle).manifest.spotting["measured"] == {"words": 3}


def test_settings_go_with_the_artefact_and_the_manifest_to_a_device(bundle: Path, tmp_path: Path) -> None:
    artefact = with_artefact(bundle)
    Bundle.open(bundle).keep_spotting({"config": to_mapping(CONFIG)})
    shutil.copy(bundle / "manifest.json", tmp_path)
    assert kept_settings(Path(shutil.copy(artefact, tmp_path / "renamed.tflite"))) == CONFIG
    (tmp_path / "foreign.tflite").write_bytes(b"of another bundle")
    assert kept_settings(tmp_path / "foreign.tflite") is None
    assert kept_settings(tmp_path / "missing.tflite") is None


def test_a_file_in_no_bundle_has_no_settings(tmp_path: Path) -> None:
    assert kept_settings(tmp_path / "model.tflite") is None
    (tmp_path / "manifest.json").write_text("{}")
    assert kept_settings(tmp_path / "model.tflite") is None


def test_settings_out_of_range_are_refused(bundle: Path) -> None:
    Bundle.open(bundle).keep_spotting({"config": {"threshold": 7.0}})
    with pytest.raises(ConfigError, match=r"digits: settings for listening: spotter: threshold must lie above 0"):
        kept_settings(bundle)


def test_smoothed_inferences_are_those_of_the_smoothing_time_and_at_least_one() -> None:
    counts = [SpotterConfig(smoothing_ms=ms).smoothed_inferences(30) for ms in (0, 14, 46, 120, 149)]
    assert counts == [1, 1, 2, 4, 5]


def test_a_damaged_bundle_is_refused(bundle: Path) -> None:
    (bundle / "samples.npz").write_bytes(b"")
    with pytest.raises(BundleError, match="samples.npz was altered"):
        kept_settings(bundle)


def test_settings_bundle_is_where_settings_are_found_again(bundle: Path) -> None:
    artefact = with_artefact(bundle)
    for model in (bundle, artefact):
        settings_bundle(model).keep_spotting({"config": to_mapping(CONFIG)})
        assert kept_settings(model) == CONFIG
    stranger = bundle / "stranger.tflite"
    stranger.write_bytes(b"of another bundle")
    with pytest.raises(BundleError, match=r"stranger\.tflite: expected a file of the bundle in its folder"):
        settings_bundle(stranger)
