"""The settings that a bundle keeps for listening."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Artefact, Bundle
from edgeasr.config import to_mapping
from edgeasr.errors import BundleError, ConfigError
from edgeasr.features import FrontendConfig
from edgeasr.spot import SpotterConfig
from edgeasr.spot.settings import kept_settings, pace_of, settings_bundle

FRONTEND = FrontendConfig(clip_ms=1000, window_ms=30, hop_ms=10)  # 98 frames
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


def test_pace_smooths_over_the_inferences_of_the_smoothing_time_and_at_least_one() -> None:
    config = SpotterConfig(hop_ms=30)
    counts = [pace_of(replace(config, smoothing_ms=ms), FRONTEND).inferences for ms in (0, 14, 46, 120, 149)]
    assert counts == [1, 1, 2, 4, 5]


@given(hop_ms=st.floats(10, 980), step_frames=st.integers(1, 98))
def test_pace_is_the_nearest_whole_number_of_steps_within_the_window(hop_ms: float, step_frames: int) -> None:
    pace = pace_of(SpotterConfig(hop_ms=hop_ms), FRONTEND, step_frames)
    possible = range(step_frames, FRONTEND.frames + 1, step_frames)
    frames = round(hop_ms / FRONTEND.hop_ms)
    assert pace.hop_frames in possible
    assert abs(frames - pace.hop_frames) == min(abs(frames - count) for count in possible)
    assert pace.hop_ms == pace.hop_frames * FRONTEND.hop_ms


@pytest.mark.parametrize("hop_ms", [4.9, 986.0])
def test_pace_beyond_front_end_and_window_is_refused(hop_ms: float) -> None:
    with pytest.raises(
        ConfigError, match=r"hop_ms must lie in 10 \(the front end's hop\) to 980 \(the model's window\)"
    ):
        pace_of(SpotterConfig(hop_ms=hop_ms), FRONTEND)


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
