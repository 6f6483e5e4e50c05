"""The front end in C beside the one in NumPy."""

import dataclasses

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.audio.wav import decode_clip
from edgeasr.errors import FirmwareError
from edgeasr.features import FrontendConfig
from edgeasr.features.frontend import StreamingFrontend
from edgeasr_firmware.boards import BOARDS
from edgeasr_firmware.frontend import frontend_files
from edgeasr_firmware.frontend_check import run_frontend

LOG_MEL = FrontendConfig(hop_ms=10, mel_high_hz=7600.0)
SANITISERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(scope="session")
def speech(real):
    """Give 20 s of speech at 16 kHz: int16, from the Free Spoken Digit Dataset or, where it is not, synthetic."""
    import tarfile

    try:
        with tarfile.open(real("fsdd.tar.xz")) as archive:
            chosen = [member for member in archive if member.name.endswith("_7.wav")]
            clips = [decode_clip(archive.extractfile(member).read(), member.name) for member in chosen]
    except pytest.skip.Exception:
        from edgeasr.data.synthetic import say

        clips = [say(word) for word in ("zero", "one", "two", "three", "four", "five", "six", "seven")]
    samples = np.concatenate([resample(Clip(clip.samples, clip.sample_rate_hz), 16000).samples for clip in clips])
    return np.rint(samples[:320000] * 32767).clip(-32768, 32767).astype(np.int16)


def reference(config, samples):
    return StreamingFrontend(config)(samples.astype(np.float32) / 32768)


# Largest difference that real speech may show. What is left is a quiet bin of the spectrum beside loud ones, whose
# amplitude is known to 2^-27 of theirs; mel filters sum bins, so they show less of it than a spectrum.
@pytest.mark.parametrize(
    ("kind", "tolerance"), [("log-mel", 1e-4), ("mfcc", 1e-4), ("log-spectrogram", 5e-4), ("spectrogram", 2e-5)]
)
def test_frontend_agrees_with_numpy_on_speech(on_board, speech, kind, tolerance):
    config = dataclasses.replace(LOG_MEL, kind=kind)
    done = run_frontend(on_board("host"), config, speech, scale=0.1, zero_point=-7)
    expected = reference(config, speech)
    assert expected.shape == done.features.shape
    assert np.abs(done.features - expected).max() < tolerance
    quantised = np.clip(np.rint(expected / np.float32(0.1) + np.float32(-7)), -128, 127)
    assert np.abs(done.quantised - quantised).max() <= 1
    assert np.mean(done.quantised != quantised) < 1e-4


def test_frontend_gives_the_same_bits_on_every_board(on_board, speech):
    config = dataclasses.replace(LOG_MEL, kind="mfcc", mean=(1.5,) * 10, std=(0.7,) * 10)
    part = speech[8000:10000]
    expected = run_frontend(on_board("host"), config, part).features
    assert np.abs(expected - reference(config, part)).max() < 1e-4
    for name in {BOARDS[name].flags: name for name in reversed(BOARDS)}.values():  # one of each core
        assert np.array_equal(run_frontend(on_board(name), config, part).features, expected), name


@pytest.mark.parametrize(
    ("name", "kind", "budget"),
    [
        ("cortex-m0", "log-mel", 400_000),
        ("cortex-m3", "log-mel", 100_000),
        ("cortex-m4f", "log-mel", 100_000),
        ("cortex-m4f", "mfcc", 100_000),
        ("cortex-m55", "log-mel", 100_000),
    ],
)
def test_frontend_keeps_its_budget(on_board, speech, name, kind, budget):
    done = run_frontend(on_board(name), dataclasses.replace(LOG_MEL, kind=kind), speech[:16000])
    assert done.hop_instructions < budget
    assert done.stack_bytes < 1024


def extremes():
    """Return signals that fill the range, or hardly, one after the other: int16 [10 * 4096]."""
    time, noise = np.arange(4096), np.random.default_rng(0)
    signals = (
        0 * time,
        0 * time - 1,
        0 * time - 32768,
        np.where(time % 2, 32767, -32768),
        np.where(time // 10 % 2, 32767, -32768),
        np.where(time % 512 == 300, 32767, 0),
        32767 * np.sin(0.7 * time),
        3 * np.sin(0.7 * time),
        noise.integers(-32768, 32768, len(time)),
        32000 * np.sin(2 * np.pi / 16 * time) + noise.integers(-1, 2, len(time)),
    )
    return np.concatenate(signals).astype(np.int16)


@pytest.mark.parametrize("fft_size", [8, 256, 512])
def test_frontend_keeps_its_precision_at_the_ends_of_the_range(on_board, fft_size):
    config = FrontendConfig(kind="spectrogram", fft_size=fft_size, window_ms=fft_size / 16, hop_ms=fft_size / 32)
    features = run_frontend(on_board("host"), config, extremes(), flags=SANITISERS).features
    expected = reference(config, extremes())
    of_one_signal = np.arange(len(expected)) % (8192 // fft_size) != 8192 // fft_size - 1
    loudest = expected.max(axis=1, keepdims=True)
    # float32: 2^-24 for each of two conversions, three operations and the result, one unit for the root; fixed: above
    near = np.abs(features - expected) <= 3e-7 * expected + 2**-27 * loudest
    assert near[of_one_signal].all()


def test_frontend_loses_no_sample_when_the_window_is_no_multiple_of_the_hop(on_board, speech):
    config = dataclasses.replace(LOG_MEL, window_ms=25.0, hop_ms=9.0)
    features = run_frontend(on_board("host"), config, speech[:10000]).features
    assert np.abs(features - reference(config, speech[:10000])[: len(features)]).max() < 1e-4


def test_frontend_compiles_without_a_warning_in_clang(on_board, need, speech):
    need("clang")
    clang = dataclasses.replace(on_board("host"), compiler="clang")
    features = run_frontend(clang, LOG_MEL, speech[:4000]).features
    assert np.array_equal(features, run_frontend(on_board("host"), LOG_MEL, speech[:4000]).features)


def test_frontend_files_are_the_same_each_time():
    assert frontend_files(LOG_MEL) == frontend_files(LOG_MEL)


def test_frontend_takes_the_smallest_floor_and_refuses_a_smaller_one(on_board):
    config = dataclasses.replace(LOG_MEL, kind="log-spectrogram", log_floor=1e-37)
    samples = extremes()[:8192]
    features = run_frontend(on_board("host"), config, samples, flags=SANITISERS).features
    assert np.abs(features[:20] - np.log(1e-37)).max() < 1e-5
    with pytest.raises(FirmwareError, match="log_floor of 1e-37 to 1, got 1e-38"):
        frontend_files(dataclasses.replace(config, log_floor=1e-38))


@pytest.mark.parametrize("fft_size", [500, 65536])
def test_frontend_refuses_transforms_that_it_has_not(fft_size):
    with pytest.raises(FirmwareError, match=f"fft_size that is a power of two from 8 to 32768, got {fft_size}"):
        frontend_files(FrontendConfig(fft_size=fft_size))
