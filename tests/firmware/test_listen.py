"""From samples to keywords in C, beside the spotter in Python."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.resample import resample
from edgeasr.data.synthetic import say
from edgeasr.runtime import load
from edgeasr.spot import Spotter, SpotterConfig
from edgeasr_firmware.boards import build, run
from edgeasr_firmware.export import find_model, write_firmware
from edgeasr_firmware.spot import SpotSettings, spot_files

WORDS = ("seven", "zero", "four", "one", "nine", "two")


def stream(sample_rate_hz: int) -> np.ndarray:
    """Return six digits with pauses between them, and some noise under all: int16 [samples]."""
    rng = np.random.default_rng(0)
    parts = []
    for word in WORDS:
        parts += [resample(say(word), sample_rate_hz).samples, np.zeros(sample_rate_hz // 2)]
    audio = np.concatenate(parts)
    audio = audio + 0.002 * rng.standard_normal(len(audio))
    return np.rint(audio * 32767).clip(-32768, 32767).astype(np.int16)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["host", "cortex-m4f"])
def test_listener_hears_what_the_spotter_in_python_hears(exported, on_board, tmp_path, name):
    path = find_model(exported.path)
    model, config = load(path, "reference"), SpotterConfig()
    samples = stream(model.frontend.sample_rate_hz)
    spotter = Spotter(model, config)
    expected, scores = [], []
    for start in range(0, len(samples) - spotter.hop_samples + 1, spotter.hop_samples):
        expected += spotter.feed(samples[start : start + spotter.hop_samples].astype(np.float32) / 32768)
        scores.append(spotter.scores)
    firmware = write_firmware(path, on_board(name), tmp_path / "firmware")
    output = firmware.program.outputs[0][0]
    settings = SpotSettings(
        model.labels,
        model.card.output == "logits",
        float(output.scale[0]),
        int(output.zero_point[0]),
        spotter.hop_samples // model.frontend.hop_samples,
        round(config.smoothing_ms * spotter.sample_rate_hz / 1000 / spotter.hop_samples),
        config.threshold,
        -(-round(config.refractory_ms * spotter.sample_rate_hz / 1000) // spotter.hop_samples),
    )
    for file, text in spot_files(settings).items():
        (firmware.folder / file).write_text(text)
    sources = [Path(__file__).parent / "listen_main.c", *(firmware.folder / file for file in firmware.sources)]
    program = build(on_board(name), sources, tmp_path / "listen.elf", [firmware.folder])
    done = run(on_board(name), program, {"samples.bin": samples.tobytes()}, time_limit_s=300)
    rows = np.frombuffer(done.files["decisions.bin"], [("heard", "<i4"), ("scores", "<f4", len(model.labels))])
    heard = [
        ((number + 1) * spotter.hop_samples / spotter.sample_rate_hz, model.labels[row["heard"]])
        for number, row in enumerate(rows)
        if row["heard"] >= 0
    ]
    assert heard == [(event.time_s, event.label) for event in expected]
    assert len(heard) >= len(WORDS) - 1
    assert np.abs(rows["scores"] - scores).max() < 0.01  # one step of a feature, on whose edge a value may lie
