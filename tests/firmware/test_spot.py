"""The spotter in C beside the classes in Python."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeasr.scores import softmax
from edgeasr.spot.decoder import Decoder
from edgeasr.spot.smoothing import SMOOTHERS
from edgeasr_firmware.boards import build, run
from edgeasr_firmware.spot import SpotSettings, spot_files

HOP_SAMPLES = 1600
LABELS = ("_silence_", "_unknown_", "yes", "no", "stop")


def outputs(settings, inferences=2000, seed=0):
    """Return int8 outputs in which labels come and go: [inferences, labels]."""
    draw = np.random.default_rng(seed)
    real = np.repeat(draw.normal(0, 1, (inferences // 5, len(settings.labels))), 5, axis=0)
    real += draw.normal(0, 0.3, real.shape)
    real = 4 * real if settings.logits else softmax(4 * real)
    return np.clip(np.rint(real / settings.scale + settings.zero_point), -128, 127).astype(np.int8)


def run_c(board, settings, given, folder):
    for name, text in spot_files(settings).items():
        (folder / name).write_text(text)
    sources = [Path(__file__).parent / "spot_main.c", folder / "ea_spot.c"]
    done = run(board, build(board, sources, folder / "spot.elf", include=[folder]), {"outputs.bin": given.tobytes()})
    rows = np.frombuffer(done.files["decisions.bin"], np.dtype([("heard", "<i4"), ("scores", "<f4", len(LABELS))]))
    return rows["heard"], rows["scores"]


def run_python(settings, given, refractory_samples):
    smooth = SMOOTHERS[settings.smoothing](settings.inferences, len(settings.labels))
    decide = Decoder(
        settings.labels,
        settings.threshold,
        refractory_samples,
        settings.thresholds,
        settings.hysteresis,
        settings.minimum_count,
    )
    real = (given.astype(np.float32) - np.float32(settings.zero_point)) * np.float32(settings.scale)
    scores = [smooth(row) for row in (softmax(real) if settings.logits else real)]
    heard = [decide(row, (number + 1) * HOP_SAMPLES) for number, row in enumerate(scores)]
    return np.array([-1 if label is None else label for label in heard]), np.array(scores)


@pytest.mark.parametrize("name", ["host", "cortex-m4f"])
@pytest.mark.parametrize(
    ("logits", "scale", "zero_point", "inferences", "refractory_samples"),
    [(True, 0.125, 10, 1, 0), (True, 0.125, 10, 3, 4800), (False, 1 / 256, -128, 4, 4801)],
)
def test_spot_hears_what_python_hears(
    on_board, tmp_path, name, logits, scale, zero_point, inferences, refractory_samples
):
    wait = -(-refractory_samples // HOP_SAMPLES)
    settings = SpotSettings(LABELS, logits, scale, zero_point, 1, inferences, 0.6, wait)
    given = outputs(settings)
    heard, scores = run_c(on_board(name), settings, given, tmp_path)
    expected_heard, expected_scores = run_python(settings, given, refractory_samples)
    assert np.abs(scores - expected_scores).max() < 3e-7
    assert np.array_equal(heard, expected_heard)
    assert len(set(heard)) == 4  # nothing, and each label that is reported


@pytest.mark.parametrize(
    ("smoothing", "thresholds", "hysteresis", "minimum_count"),
    [
        ("max", {}, 0.0, 1),
        ("exponential", {"no": 0.45, "stop": 0.7}, 0.25, 1),
        ("mean", {"yes": 0.5}, 0.1, 2),
        ("exponential", {}, 0.0, 3),
    ],
)
@pytest.mark.parametrize("logits", [True, False])
def test_spot_smooths_and_decides_as_python_with_all_settings(
    on_board, tmp_path, logits, smoothing, thresholds, hysteresis, minimum_count
):
    scale, zero_point = (0.125, 10) if logits else (1 / 256, -128)
    settings = SpotSettings(
        LABELS, logits, scale, zero_point, 1, 3, 0.6, 2, smoothing, thresholds, hysteresis, minimum_count
    )
    given = outputs(settings)
    heard, scores = run_c(on_board("host"), settings, given, tmp_path)
    expected_heard, expected_scores = run_python(settings, given, 2 * HOP_SAMPLES)
    assert np.abs(scores - expected_scores).max() < 6e-7
    assert np.array_equal(heard, expected_heard)
    assert len(set(heard)) == 4
    plain = run_python(replace(settings, hysteresis=0.0, minimum_count=1), given, 2 * HOP_SAMPLES)[0]
    assert np.array_equal(plain, heard) == (not hysteresis and minimum_count == 1)  # they make a difference


def test_spot_never_reports_what_is_no_keyword(on_board, tmp_path):
    settings = SpotSettings(("silence", "unknown", "yes", "_other", "stop"), True, 0.125, 10, 1, 1, 0.6, 0)
    assert set(run_c(on_board("host"), settings, outputs(settings), tmp_path)[0]) == {-1, 2, 4}
