"""The front end in C: the sources, and the tables that are computed from a `FrontendConfig`."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import FirmwareError
from edgeasr.features.config import FrontendConfig
from edgeasr.features.frontend import dct_matrix, mel_matrix
from edgeasr_firmware.codegen.write import array
from edgeasr_firmware.headers import definitions, guarded
from edgeasr_firmware.micro_frontend import micro_files, micro_settings, micro_tables

__all__ = ["frontend_files"]

_SOURCES = Path(__file__).parent / "csrc" / "frontend"
_OF_ALL_KINDS = ("ea_frontend.c", "ea_frontend.h", "ea_math.h")
_SMALLEST_FFT, _LARGEST_FFT = 8, 32768
_SMALLEST_FLOOR = 1e-37


def frontend_files(config: FrontendConfig) -> dict[str, str]:
    """Give the files of a front end in C99: name to text.

    It takes int16 samples and computes in fixed point up to the logarithm, so that it needs no FPU; DCT and
    normalisation are float32.

    Args:
        config: what it is to compute.

    Raises:
        FirmwareError: `fft_size` is no power of two from 8 to 32768, or `log_floor` not in 1e-37 to 1.
    """
    size = config.fft_size
    if size & (size - 1) or not _SMALLEST_FFT <= size <= _LARGEST_FFT:
        raise FirmwareError(
            f"firmware: expected a front end with an fft_size that is a power of two from {_SMALLEST_FFT} to "
            f"{_LARGEST_FFT}, got {size}: train with such a front end"
        )
    if not _SMALLEST_FLOOR <= config.log_floor <= 1:
        raise FirmwareError(
            f"firmware: expected a front end with a log_floor of {_SMALLEST_FLOOR:g} to 1, got {config.log_floor:g}: "
            "train with such a front end"
        )
    if config.kind == "micro":
        files = micro_files() | {name: (_SOURCES / name).read_text() for name in _OF_ALL_KINDS}
    else:
        files = {path.name: path.read_text() for path in sorted(_SOURCES.iterdir())}
    title = f"The front end: {config.kind}, {config.frames} frames a clip."
    files["ea_frontend_config.h"] = guarded("ea_frontend_config.h", title, _settings(config))
    title = "Tables of the front end, for ea_frontend.c alone."
    files["ea_frontend_tables.h"] = guarded("ea_frontend_tables.h", title, _tables(config))
    return files


def _settings(config: FrontendConfig) -> list[str]:
    mel = config.kind in ("log-mel", "mfcc")
    settings = definitions(
        "EA_FRONTEND",
        {
            "SAMPLE_RATE_HZ": config.sample_rate_hz,
            "WINDOW_SAMPLES": config.window_samples,
            "HOP_SAMPLES": config.hop_samples,
            "FFT_SIZE": config.fft_size,
            "MEL_BINS": config.mel_bins if mel else 0,
            "COEFFICIENTS": config.coefficients if config.kind == "mfcc" else 0,
            "LOG": int(config.kind != "spectrogram"),
            "LOG_FLOOR_24": round(math.log(config.log_floor) * 2**24),
            "NORMALISED": int(bool(config.mean)),
            "FRAMES": config.frames,
            "BINS": config.bins,
            "MICRO": int(config.kind == "micro"),
        },
    )
    return [*settings, *(micro_settings() if config.kind == "micro" else [])]


def _tables(config: FrontendConfig) -> list[str]:
    if config.kind == "micro":
        return micro_tables(config)
    size, window = config.fft_size, config.window_samples
    hann = 0.5 - 0.5 * np.cos(2 * np.pi / window * np.arange(window))
    sine = np.sin(2 * np.pi / size * np.arange(size))
    tables: dict[str, NDArray[Any]] = {"ea_window": _fixed(hann, 31), "ea_sine": _fixed(sine, 29)}
    if config.kind != "spectrogram":
        near = 1 + (np.arange(64) + 0.5) / 64
        tables["ea_log_inverse"] = np.rint(2**32 / near).astype(np.uint32)
        tables["ea_log_value"] = _fixed(np.log(near), 31)
    if config.kind in ("log-mel", "mfcc"):
        filters = mel_matrix(config).T
        used = filters != 0
        tables["ea_mel_first"] = used.argmax(axis=1).astype(np.uint16)
        tables["ea_mel_count"] = used.sum(axis=1).astype(np.uint16)
        tables["ea_mel_weights"] = np.minimum(np.rint(filters[used] * 2**32), 2**32 - 1).astype(np.uint32)
    if config.kind == "mfcc":
        tables["ea_dct"] = dct_matrix(config.mel_bins, config.coefficients).T.astype(np.float32)
    if config.mean:
        tables["ea_mean"] = np.array(config.mean, np.float32)
        tables["ea_inverse_std"] = (1 / np.array(config.std)).astype(np.float32)
    return ["#include <stdint.h>", "", *(line for item in tables.items() for line in array(*item))]


def _fixed(values: NDArray[np.float64], bits: int) -> NDArray[np.int32]:
    """Scale values of -1 to 1 to integers with `bits` bits behind the point."""
    scaled: NDArray[np.int32] = np.minimum(np.rint(values * 2**bits), 2**31 - 1).astype(np.int32)
    return scaled
