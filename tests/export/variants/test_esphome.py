"""Models for ESPHome: they pass its loader, run in pymicro-wakeword, and hear there what they hear here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.errors import ArtefactError, BundleError, ExportError
from edgeasr.microwakeword import read_manifest, refusals
from edgeasr.runtime import load
from edgeasr.spot import Spotter
from edgeasr.spot.settings import kept_settings, settings_bundle
from edgeasr.tflite.arena import measure_arena_bytes
from edgeasr_export.variants.esphome import ESPHOME
from tests.export.variants.conftest import FRONTEND, ears


def make(bundle: Bundle) -> Path:
    """Make the two files of a bundle, in its folder; give the manifest."""
    file = ears(bundle.path / "ears.esphome.tflite")
    ESPHOME.finish(file)
    ((name, text),) = ESPHOME.beside(bundle, file).items()
    (bundle.path / name).write_text(text)
    return bundle.path / name


def hear(manifest: Path, sound: np.ndarray) -> list[float]:
    """Give the seconds at which the model is sure, by edgeasr, in the settings of the manifest."""
    spotter = Spotter(load(manifest), kept_settings(manifest))
    return [event.time_s for piece in np.array_split(sound, 37) for event in spotter.feed(piece)]


def hear_elsewhere(manifest: Path, sound: np.ndarray) -> list[float]:
    """Give the seconds at which pymicro-wakeword is sure, a second apart at least."""
    pymicro = pytest.importorskip("pymicro_wakeword")
    model, features = pymicro.MicroWakeWord.from_config(manifest), pymicro.MicroWakeWordFeatures()
    times: list[float] = []
    for start in range(0, len(sound), 160):
        pcm = (sound[start : start + 160] * 32768).astype("<i2").tobytes()
        for frame in features.process_streaming(pcm):
            time_s = (start + 160) / 16000
            if model.process_streaming(frame) and (not times or time_s > times[-1] + 1):
                times.append(time_s)
    model.close()
    return times


def test_an_exported_model_passes_every_check_of_the_loader(make_bundle) -> None:
    bundle = make_bundle()
    ESPHOME.check(bundle)
    path = make(bundle)
    assert refusals(path) == []
    manifest, model = read_manifest(path), path.with_suffix(".tflite")
    assert (manifest.wake_word, manifest.model, manifest.version) == ("bang", model.name, 2)
    assert manifest.micro.tensor_arena_size == measure_arena_bytes(model)
    assert (manifest.micro.feature_step_size, manifest.micro.sliding_window_size) == (10, 3)
    # ESPHome wants more than the cutoff: the lowest mean of three that is 0.8 or more passes, the next one does not
    assert 614 / 768 < manifest.micro.probability_cutoff < 615 / 768
    assert set(json.loads(path.read_text())) == {
        *("type", "version", "wake_word", "author", "trained_languages", "model", "micro"),
    }


def test_an_exported_model_hears_the_same_in_pymicro_wakeword(make_bundle, bangs: np.ndarray) -> None:
    path = make(make_bundle())
    ours, theirs = hear(path, bangs), hear_elsewhere(path, bangs)
    assert len(ours) == 2
    assert np.all((np.array(ours) > [1.5, 3.0]) & (np.array(ours) < [1.8, 3.3]))
    np.testing.assert_allclose(theirs, ours, atol=0.061)  # two steps, by where each begins to count in threes


@pytest.mark.parametrize("runtime", ["tflite", "reference"])
def test_an_exported_model_gives_both_labels(make_bundle, bangs: np.ndarray, runtime: str) -> None:
    from edgeasr.features import Frontend

    bundle = make_bundle()
    before, after = load(ears(bundle.path / "ears.tflite"), runtime), load(make(bundle), runtime)
    frames = Frontend(FRONTEND)(bangs)
    clips = np.stack([frames[start : start + 9] for start in range(0, len(frames) - 9, 5)])
    expected, got = before.run_batch(clips), after.run_batch(clips)
    assert got.shape == expected.shape == (len(clips), 2)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(got, expected, atol=0.02)  # 1/256, and the features quantised once more
    assert np.ptp(got) > 0.9


def test_settings_come_from_the_manifest(make_bundle) -> None:
    bundle = make_bundle(spotting={"config": {"hop_ms": 30.0, "smoothing_ms": 150.0, "thresholds": {"bang": 0.6}}})
    path = make(bundle)
    config = kept_settings(path)
    assert config is not None
    assert (config.hop_ms, config.smoothing_ms) == (30, 150)
    assert 0.6 - 1 / 1280 < config.threshold <= 0.6


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another front end": ({"frontend": replace(FRONTEND, mel_low_hz=20.0)}, "ESPHome's own front end, got micro"),
    "no front end": ({"frontend": None}, "ESPHome's own front end, got none"),
    "two words": ({"labels": ("bang", "boom", "unknown")}, "a wake word and then unknown, got bang, boom, unknown"),
    "word last": ({"labels": ("unknown", "bang")}, "a wake word and then unknown"),
    "probabilities": ({"output": "probabilities"}, "gives logits, got probabilities"),
    "nothing found": ({"spotting": {}}, "--stream --split dev --hop-ms 30 --target-fa-per-hour 0.5 --write"),
    "maximum": ({"spotting": {"config": {"smoothing": "max"}}}, "smoothed by their mean"),
    "counted": ({"spotting": {"config": {"minimum_count": 3}}}, "one inference above the threshold, got mean and 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_esphome_cannot_run_is_refused_with_the_reason(make_bundle, case: str) -> None:
    changes, reason = REFUSED[case]
    with pytest.raises(ExportError, match=reason):
        ESPHOME.check(make_bundle(**changes))


def test_settings_for_another_hop_are_refused(make_bundle) -> None:
    with pytest.raises(ExportError, match="every 30 ms, as ESPHome makes them, got a hop of 60 ms"):
        make(make_bundle(spotting={"config": {"hop_ms": 60.0}}))


def test_a_float_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="expected int8 logits"):
        ESPHOME.finish(ears(tmp_path / "float.tflite", "FLOAT32"))


def test_a_model_with_a_foreign_operator_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeasr.microwakeword import loader

    monkeypatch.setattr(loader, "_OPERATORS", loader._OPERATORS - {"CONCATENATION", "RESHAPE"})
    with pytest.raises(ArtefactError, match="it has no CONCATENATION, RESHAPE"):
        ESPHOME.finish(ears(tmp_path / "ears.tflite"))


def test_settings_of_the_manifest_are_not_looked_for_in_the_bundle(make_bundle) -> None:
    manifest = make(make_bundle())
    with pytest.raises(BundleError, match="listens as its microWakeWord manifest says"):
        settings_bundle(manifest)
