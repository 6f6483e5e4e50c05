"""Examples as arrays: right length, right rate, right targets, and the clip named that is wrong."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio.clip import AudioWarning, Clip
from edgeasr.audio.wav import read_clip
from edgeasr.data.arrays import BACKGROUND, choose_balanced, load_audio, load_features, load_targets
from edgeasr.data.dataset import Example
from edgeasr.errors import AudioError, DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.features.clip import fit_length

CONFIG = FrontendConfig(sample_rate_hz=8000, mel_bins=20)
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 8000).astype(np.float32)


def example(label: str | None, content: object, name: str = "x") -> Example:
    return Example(name, label, "", "train", lambda: content)  # type: ignore[arg-type,return-value]


def burst(samples: int, start: int, length: int = 100) -> np.ndarray:
    signal = np.zeros(samples, np.float32)
    signal[start : start + length] = 0.5
    return signal


def test_choose_balanced_gives_as_many_of_each_label_as_there_are() -> None:
    targets = np.array([0] * 50 + [1] * 4 + [BACKGROUND] * 50)
    chosen = choose_balanced(targets, 30, seed=0)
    assert np.unique(targets[chosen], return_counts=True)[1].tolist() == [10, 10, 4]
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(choose_balanced(targets, 30, seed=0), chosen)
    assert set(targets[choose_balanced(targets, 30, seed=0, skip=BACKGROUND)]) == {0, 1}


def test_load_targets_numbers_labels_in_their_order() -> None:
    examples = [example(label, None) for label in ("no", None, "yes", "no")]
    targets = load_targets(examples, ("yes", "no"))
    assert targets.dtype == np.int64
    assert targets.tolist() == [1, BACKGROUND, 0, 1]


def test_load_targets_names_an_unknown_label() -> None:
    with pytest.raises(DataError, match="clip7 has the label 'maybe': expected one of yes, no"):
        load_targets([example("maybe", None, "clip7")], ("yes", "no"))


def test_unknown_labels_are_found_before_anything_is_read() -> None:
    def read() -> Clip:
        raise AssertionError("read")

    unknown = [Example("a", "yes", "", "train", read), Example("b", "maybe", "", "train", read)]
    for load in (load_audio, load_features):
        with pytest.raises(DataError, match="maybe"):
            load(unknown, ("yes",), CONFIG)


def test_load_audio_keeps_clips_of_the_right_rate_and_length() -> None:
    audio, targets = load_audio([example("a", Clip(NOISE, 8000)), example(None, Clip(-NOISE, 8000))], ("a",), CONFIG)
    np.testing.assert_array_equal(audio, [NOISE, -NOISE])
    assert audio.dtype == np.float32
    assert targets.tolist() == [0, BACKGROUND]


def test_load_audio_resamples() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 500 * np.arange(44100) / 44100).astype(np.float32)
    (row,), _ = load_audio([example("a", Clip(tone, 44100))], ("a",), CONFIG)
    assert row.shape == (8000,)
    assert np.abs(np.fft.rfft(row)).argmax() == 500


def test_load_features_is_the_front_end_of_load_audio(tmp_path: Path, make_clip: Callable[..., Path]) -> None:
    paths = [make_clip(tmp_path / f"{samples}.wav", samples) for samples in (500, 8000, 20000)]
    examples = [Example(path.name, "a", "", "test", partial(read_clip, path)) for path in paths]
    audio, _ = load_audio(examples, ("a",), CONFIG)
    features, targets = load_features(examples, ("a",), CONFIG)
    assert features.shape == (3, *CONFIG.shape)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, Frontend(CONFIG)(audio), atol=1e-5)
    assert targets.tolist() == [0, 0, 0]


def test_load_features_takes_ready_features_as_they_are() -> None:
    ready = np.random.default_rng(1).normal(size=(3, *CONFIG.shape)).astype(np.float32)
    features, _ = load_features([example("a", row) for row in ready], ("a",), CONFIG)
    np.testing.assert_array_equal(features, ready)


def test_ready_features_are_refused_where_they_do_not_fit() -> None:
    ready = np.zeros(CONFIG.shape, np.float32)
    sound = Clip(NOISE, 8000)
    with pytest.raises(DataError, match=r"x: expected features of shape \(49, 20\), got \(20, 49\)"):
        load_features([example("a", ready.T)], ("a",), CONFIG)
    for pair in ([ready, sound], [sound, ready]):
        with pytest.raises(DataError, match="expected all examples as sound or all as features, got both"):
            load_features([example("a", content) for content in pair], ("a",), CONFIG)
    with pytest.raises(DataError, match="x has features and no sound"):
        load_audio([example("a", ready)], ("a",), CONFIG)


def test_a_broken_clip_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    broken = Example("x", "a", "", "train", partial(read_clip, tmp_path / "broken.wav"))
    for load in (load_audio, load_features):
        with pytest.raises(AudioError, match=r"broken\.wav"):
            load([broken], ("a",), CONFIG)


def test_load_audio_shows_progress_on_a_terminal_and_keeps_stdout_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    audio, _ = load_audio([example("a", Clip(NOISE, 8000))] * 3, ("a",), CONFIG)
    shown = capsys.readouterr()
    assert audio.shape == (3, 8000)
    assert "reading clips" in shown.err
    assert shown.out == ""


def test_no_examples_are_empty_arrays() -> None:
    audio, targets = load_audio([], ("a",), CONFIG)
    assert (audio.shape, targets.shape, targets.dtype) == ((0, 8000), (0,), np.int64)


def test_fit_clip_cuts_around_the_energy() -> None:
    fitted = fit_length(burst(5000, 3000), 1000)
    assert fitted.sum() == pytest.approx(50)
    assert np.flatnonzero(fitted)[[0, -1]] == pytest.approx([450, 549], abs=1)


def test_fit_clip_pads_around_the_energy() -> None:
    assert np.flatnonzero(fit_length(burst(400, 150), 1000))[0] == pytest.approx(450, abs=1)


def test_fit_clip_loses_nothing_of_a_short_clip() -> None:
    short = np.concatenate([np.full(300, 0.01), np.full(10, 0.9)]).astype(np.float32)
    fitted = fit_length(short, 320)
    start = np.flatnonzero(fitted)[0]
    np.testing.assert_array_equal(fitted[start : start + 310], short)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_fit_clip_is_always_a_part_of_the_clip(samples: int, wanted: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clip = (rng.uniform(0.1, 1, samples) ** rng.integers(1, 9)).astype(np.float32)
    fitted = fit_length(clip, wanted)
    assert len(fitted) == wanted
    kept = fitted[fitted != 0]
    assert len(kept) == min(samples, wanted)  # as much of the clip as there is room for, in one piece
    assert kept.tobytes() in clip.tobytes()


@pytest.mark.parametrize("samples", [100, 1000, 3000])
def test_fit_clip_of_silence_is_silence(samples: int) -> None:
    np.testing.assert_array_equal(fit_length(np.zeros(samples, np.float32), 1000), np.zeros(1000))


def test_clipped_clips_are_used_and_warned_of() -> None:
    loud = np.clip(3 * np.sin(np.arange(16000) / 5), -1, 1).astype(np.float32)
    examples = [Example("loud.wav", "a", "", "test", lambda: Clip(loud, 16000))]
    with pytest.warns(AudioWarning, match=r"1 of 1 clips are clipped .* such as loud\.wav: record with less gain"):
        audio, _ = load_audio(examples, ["a"], FrontendConfig())
    np.testing.assert_array_equal(audio[0], loud)
