"""Augmentation: each part does exactly what its setting says, and chance comes from the generator alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.config import from_mapping
from edgeasr.data.arrays import BACKGROUND
from edgeasr.data.augment import (
    AugmentConfig,
    augment_audio,
    augment_features,
    augment_utterance,
    mix_at_snr,
    shift_audio,
    warp_utterance,
)
from edgeasr.data.noise import noise_bank
from edgeasr.errors import ConfigError

RATE_HZ = 8000
OFF = AugmentConfig(shift_ms=0, gain_db=0, noise_probability=0, background_fraction=0, spec_time_frames=0, spec_bins=0)
BANK = noise_bank("", RATE_HZ)
CLIPS = np.random.default_rng(0).uniform(-0.3, 0.3, (40, 2000)).astype(np.float32)
TARGETS = np.arange(40, dtype=np.int64)
SEEDS = st.integers(0, 2**32 - 1)


def augmented(config: AugmentConfig, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return augment_audio(CLIPS, TARGETS, RATE_HZ, config, BANK, np.random.default_rng(seed))


def decibels(ratio: np.ndarray) -> np.ndarray:
    return 10 * np.log10(ratio)


def energy(audio: np.ndarray) -> np.ndarray:
    return np.square(audio, dtype=np.float64).sum(axis=-1)


def test_everything_off_changes_nothing() -> None:
    audio, targets = augmented(OFF)
    np.testing.assert_array_equal(audio, CLIPS)
    np.testing.assert_array_equal(targets, TARGETS)
    features = CLIPS.reshape(40, 50, 40)
    np.testing.assert_array_equal(augment_features(features, OFF, np.random.default_rng(0)), features)


def test_the_same_generator_gives_the_same_batch() -> None:
    first, second, other = (augmented(AugmentConfig(), seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])


def test_the_input_is_left_as_it_was() -> None:
    before, targets = CLIPS.copy(), TARGETS.copy()
    augmented(AugmentConfig(background_fraction=1))
    augment_features(CLIPS.reshape(40, 50, 40), AugmentConfig(), np.random.default_rng(0))
    np.testing.assert_array_equal(CLIPS, before)
    np.testing.assert_array_equal(TARGETS, targets)


@settings(deadline=None, max_examples=25)
@given(
    SEEDS,
    st.floats(0, 500),
    st.floats(0, 40),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 90),
    st.booleans(),
)
def test_no_setting_makes_anything_but_finite_float32(
    seed: int, shift_ms: float, gain_db: float, noise: float, background: float, mask: int, silent: bool
) -> None:
    config = AugmentConfig(shift_ms, gain_db, noise, (-10, 60), "", background, (-100, 0), mask, mask)
    clips = np.zeros_like(CLIPS) if silent else CLIPS
    rng = np.random.default_rng(seed)
    audio, targets = augment_audio(clips, TARGETS, RATE_HZ, config, BANK, rng)
    features = augment_features(audio.reshape(40, 50, 40), config, rng)
    assert audio.dtype == features.dtype == np.float32
    assert (audio.shape, targets.shape, features.shape) == (CLIPS.shape, TARGETS.shape, (40, 50, 40))
    assert np.isfinite(audio).all()
    assert np.isfinite(features).all()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-30, 30), min_size=1, max_size=5))
def test_shift_audio_moves_each_clip_exactly(shifts: list[int]) -> None:
    clips = np.random.default_rng(0).uniform(0.1, 1, (len(shifts), 20)).astype(np.float32)
    for row, source, shift in zip(shift_audio(clips, np.array(shifts)), clips, shifts, strict=True):
        expected = [source[i - shift] if 0 <= i - shift < 20 else 0 for i in range(20)]
        np.testing.assert_array_equal(row, np.array(expected, np.float32))


def test_augment_audio_shifts_up_to_the_limit_to_both_sides() -> None:
    clips = np.zeros((500, 200), np.float32)
    clips[:, 100] = 1
    config = replace(OFF, shift_ms=1.25)  # 10 samples
    targets = np.zeros(500, np.int64)
    audio, _ = augment_audio(clips, targets, RATE_HZ, config, BANK, np.random.default_rng(0))
    assert set(audio.argmax(axis=1) - 100) == set(range(-10, 11))


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.lists(st.floats(-20, 60), min_size=3, max_size=3), st.floats(0.001, 1))
def test_mix_at_snr_hits_the_ratio(seed: int, snr_db: list[float], level: float) -> None:
    rng = np.random.default_rng(seed)
    audio = (level * rng.standard_normal((3, 4000))).astype(np.float32)
    noise = rng.standard_normal((3, 4000)).astype(np.float32) * 7
    mixed = mix_at_snr(audio, noise, np.array(snr_db))
    added = mixed.astype(np.float64) - audio
    np.testing.assert_allclose(decibels(energy(audio) / energy(added)), snr_db, atol=0.1)


def test_mix_at_snr_leaves_silence_silent_and_silent_noise_out() -> None:
    silence = np.zeros((1, 100), np.float32)
    np.testing.assert_array_equal(mix_at_snr(silence, CLIPS[:1, :100], np.zeros(1)), silence)
    np.testing.assert_array_equal(mix_at_snr(CLIPS[:1, :100], silence, np.zeros(1)), CLIPS[:1, :100])


def test_augment_audio_adds_noise_to_its_share_of_clips_within_the_range() -> None:
    config = replace(OFF, noise_probability=0.5, noise_snr_db=(5, 15))
    audio, _ = augmented(config)
    added = audio.astype(np.float64) - CLIPS
    noisy = energy(added) > 0
    assert 10 <= noisy.sum() <= 30
    snr_db = decibels(energy(CLIPS)[noisy] / energy(added)[noisy])
    assert 4.9 < snr_db.min() < 8
    assert 12 < snr_db.max() < 15.1


def test_augment_audio_changes_the_level_within_the_range() -> None:
    audio, _ = augmented(replace(OFF, gain_db=6))
    gain_db = decibels(energy(audio) / energy(CLIPS))
    assert -6.01 < gain_db.min() < -4
    assert 4 < gain_db.max() < 6.01
    np.testing.assert_allclose(audio, CLIPS * 10 ** (gain_db[:, None] / 20), atol=1e-6)


@pytest.mark.parametrize(("fraction", "count"), [(0, 0), (0.1, 4), (1, 40)])
def test_augment_audio_replaces_its_fraction_by_background(fraction: float, count: int) -> None:
    audio, targets = augmented(replace(OFF, background_fraction=fraction))
    background = targets == BACKGROUND
    assert background.sum() == count
    np.testing.assert_array_equal(audio[~background], CLIPS[~background])
    np.testing.assert_array_equal(targets[~background], TARGETS[~background])
    if count:
        level_db = decibels(energy(audio[background]) / CLIPS.shape[1])
        assert level_db.max() < -10
        assert level_db.min() < -40  # near silence is background too
        for row, source in zip(audio[background], CLIPS[background], strict=True):
            assert abs(np.corrcoef(row, source)[0, 1]) < 0.2


def test_augment_audio_plays_background_within_its_range() -> None:
    config = replace(OFF, background_fraction=1, background_dbfs=(-60, -30))
    steady = np.ones(RATE_HZ, np.float32)
    audio, _ = augment_audio(CLIPS, TARGETS, RATE_HZ, config, steady, np.random.default_rng(0))
    level_db = decibels(energy(audio) / CLIPS.shape[1])
    assert -60.01 < level_db.min() < -55
    assert -35 < level_db.max() < -29.99


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(0, 12), st.integers(0, 12))
def test_augment_features_masks_one_run_of_frames_and_bins_with_the_mean(seed: int, time: int, band: int) -> None:
    features = np.random.default_rng(1).normal(3, 1, (30, 10, 8)).astype(np.float32)
    config = replace(OFF, spec_time_frames=time, spec_bins=band)
    masked = augment_features(features, config, np.random.default_rng(seed))
    for before, after in zip(features, masked, strict=True):
        changed = before != after
        frames, bins = np.flatnonzero(changed.all(axis=1)), np.flatnonzero(changed.all(axis=0))
        np.testing.assert_array_equal(changed, changed.all(axis=1)[:, None] | changed.all(axis=0))
        for run, widest in ((frames, time), (bins, band)):
            if changed.all():  # a mask as wide as the clip hides the other
                continue
            assert len(run) <= widest
            assert len(run) == 0 or run[-1] - run[0] == len(run) - 1
        np.testing.assert_allclose(after[changed], before.mean(), rtol=1e-5)


def test_augment_features_draws_masks_of_every_width() -> None:
    features = np.random.default_rng(1).normal(size=(400, 20, 8)).astype(np.float32)
    masked = augment_features(features, replace(OFF, spec_time_frames=4), np.random.default_rng(0))
    widths = (features != masked).all(axis=2).sum(axis=1)
    assert set(widths) == {0, 1, 2, 3, 4}


def test_a_short_noise_bank_is_repeated() -> None:
    config = replace(OFF, noise_probability=1)
    audio, _ = augment_audio(CLIPS, TARGETS, RATE_HZ, config, BANK[:50], np.random.default_rng(0))
    added = audio - CLIPS
    np.testing.assert_allclose(added[:, :50], added[:, 50:100], atol=1e-6)
    assert (energy(added) > 0).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shift_ms": -1}, "shift_ms must be 0 or more, got -1"),
        ({"spec_bins": -1}, "spec_bins must be 0 or more"),
        ({"noise_probability": 1.5}, "noise_probability must lie in 0 to 1, got 1.5"),
        ({"background_fraction": -0.1}, "background_fraction must lie in 0 to 1"),
        ({"noise_snr_db": [30, 5]}, r"noise_snr_db must be \[low, high\], got \[30.0, 5.0\]"),
        ({"background_dbfs": [-20, -60]}, r"background_dbfs must be \[low, high\], got \[-20.0, -60.0\]"),
    ],
)
def test_a_setting_out_of_range_is_one_clear_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"recipe.toml: augmentation: {message}"):
        from_mapping(AugmentConfig, values, "recipe.toml")


def test_an_utterance_is_never_cut_and_its_speed_stays_within_the_range() -> None:
    config = AugmentConfig(speed=0.2, gain_db=0, noise_probability=0)
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    rng = np.random.default_rng(0)
    lengths = [len(augment_utterance(tone, RATE_HZ, config, BANK, rng)) / len(tone) for _ in range(50)]
    assert 1 / 1.21 < min(lengths) < 0.9
    assert 1.1 < max(lengths) < 1 / 0.79
    still = AugmentConfig(speed=0, gain_db=0, noise_probability=0)
    np.testing.assert_array_equal(augment_utterance(tone, RATE_HZ, still, BANK, rng), tone)


def test_augment_features_draws_as_many_masks_as_it_is_told() -> None:
    features = np.arange(2000, dtype=np.float32).reshape(1, 100, 20)
    masked = {
        masks: np.mean(
            [
                (
                    augment_features(features, AugmentConfig(spec_masks=masks), np.random.default_rng(seed)) != features
                ).mean()
                for seed in range(50)
            ]
        )
        for masks in (0, 1, 3)
    }
    assert masked[0] == 0 < masked[1] < masked[3]


@pytest.mark.parametrize("part", ["shift_ms", "gain_db", "noise_probability", "background_fraction"])
def test_alters_sound_says_whether_any_part_does(part: str) -> None:
    still = AugmentConfig(shift_ms=0, gain_db=0, noise_probability=0, background_fraction=0)
    assert not still.alters_sound
    assert replace(still, **{part: 0.5}).alters_sound


def test_tempo_changes_the_length_and_the_vocal_tract_moves_the_bins() -> None:
    ramp = np.tile(np.arange(40, dtype=np.float32), (100, 1))
    rng = np.random.default_rng(0)
    faster = [len(warp_utterance(ramp, AugmentConfig(tempo=0.2), rng)) for _ in range(50)]
    assert 83 <= min(faster) < 90 < 110 < max(faster) <= 125
    warped = [warp_utterance(ramp, AugmentConfig(vocal_tract=0.1), rng) for _ in range(50)]
    assert {one.shape for one in warped} == {(100, 40)}
    middles = [float(one[0, 20]) for one in warped]
    assert 18 <= min(middles) < 19 < 21 < max(middles) <= 22
    assert all(one[0, 0] == 0 and one.max() <= 39 for one in warped)
    np.testing.assert_array_equal(warp_utterance(ramp, AugmentConfig(), rng), ramp)


@given(frames=st.integers(1, 30), bins=st.integers(1, 8), seed=st.integers(0, 99))
def test_warping_stays_between_what_was_there(frames: int, bins: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((frames, bins)).astype(np.float32)
    warped = warp_utterance(features, AugmentConfig(tempo=0.5, vocal_tract=0.5), rng)
    assert warped.dtype == np.float32
    assert warped.shape[1] == bins
    assert features.min() - 1e-6 <= warped.min() <= warped.max() <= features.max() + 1e-6
