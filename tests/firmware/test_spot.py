"""The spotter in C beside the classes in Python."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.scores import softmax
from edgeasr.spot.decoder import Decoder
from edgeasr.spot.smoothing import MeanSmoother
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
    smooth = MeanSmoother(settings.inferences, len(settings.labels))
    decide = Decoder(settings.labels, settings.threshold, refractory_samples)
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
