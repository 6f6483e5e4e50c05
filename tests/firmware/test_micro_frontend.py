"""The integer front end in C: the bits of the one in NumPy, which has those of pymicro-features."""

import dataclasses

import numpy as np
import pytest

from edgeasr.audio.resample import resample
from edgeasr.features import MICRO, FrontendConfig, StreamingFrontend
from edgeasr_firmware.frontend import frontend_files
from edgeasr_firmware.frontend_check import run_frontend
from tests.features.conftest import spoken_digits
from tests.features.test_micro import sounds, to_int16

SANITISERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SCALE, ZERO_POINT = 26 / 255, -128


def in_numpy(config: FrontendConfig, samples: np.ndarray) -> np.ndarray:
    return StreamingFrontend(config)(samples.astype(np.float32) / 32768)


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """Give one stream of all kinds of sound, silence and overflows of the FFT among them: int16 [112000]."""
    return to_int16(np.concatenate(list(sounds(8000).values())).astype(np.float32))


@pytest.mark.parametrize(
    "config",
    [MICRO, dataclasses.replace(MICRO, hop_ms=20.0), dataclasses.replace(MICRO, mel_bins=27, mel_low_hz=20.0)],
    ids=["microWakeWord", "micro_speech", "other filters"],
)
def test_micro_in_c_has_the_bits_of_numpy(on_board, samples: np.ndarray, config: FrontendConfig) -> None:
    done = run_frontend(on_board("host"), config, samples, SCALE, ZERO_POINT, SANITISERS)
    features = in_numpy(config, samples)
    np.testing.assert_array_equal(done.features, features)
    expected = np.clip(np.rint(features / np.float32(SCALE) + np.float32(ZERO_POINT)), -128, 127)
    np.testing.assert_array_equal(done.quantised, expected)


def test_micro_in_c_has_the_bits_of_numpy_on_speech(on_board) -> None:
    spoken = to_int16(np.concatenate([resample(clip, 16000).samples for clip in spoken_digits()]))
    done = run_frontend(on_board("host"), MICRO, spoken)
    np.testing.assert_array_equal(done.features, in_numpy(MICRO, spoken))


@pytest.mark.parametrize(("name", "budget"), [("cortex-m0", 200_000), ("cortex-m4f", 100_000)])
def test_micro_on_a_board_has_the_same_bits_and_keeps_its_budget(
    on_board, samples: np.ndarray, name: str, budget: int
) -> None:
    part = samples[24000:36000]  # full-scale noise, and a sine
    done = run_frontend(on_board(name), MICRO, part)
    np.testing.assert_array_equal(done.features, in_numpy(MICRO, part))
    assert done.hop_instructions is not None
    assert done.hop_instructions < budget
    assert done.stack_bytes is not None
    assert done.stack_bytes < 1024


def test_micro_compiles_without_a_warning_in_clang(on_board, need, samples: np.ndarray) -> None:
    need("clang")
    clang = dataclasses.replace(on_board("host"), compiler="clang")
    done = run_frontend(clang, MICRO, samples[:8000])
    np.testing.assert_array_equal(done.features, in_numpy(MICRO, samples[:8000]))


def test_micro_brings_its_own_files_alone() -> None:
    files = frontend_files(MICRO)
    assert {"ea_frontend.c", "ea_frontend.h", "ea_micro.c", "ea_micro.h", "ea_micro_fft.c", "ea_micro_fft.h"} < set(
        files
    )
    assert "ea_fft.c" not in files
    assert "ea_micro.c" not in frontend_files(FrontendConfig())
    assert frontend_files(MICRO) == files
