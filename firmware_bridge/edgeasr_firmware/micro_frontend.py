"""The integer front end in C: its sources, and its settings and tables as NumPy has them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.features import micro_tables as constants
from edgeasr.features.config import FrontendConfig
from edgeasr.features.micro import STEP
from edgeasr_firmware.codegen.write import array
from edgeasr_firmware.headers import definitions

__all__ = ["micro_files", "micro_settings", "micro_tables"]

_SOURCES = Path(__file__).parent / "csrc" / "micro"


def micro_files() -> dict[str, str]:
    """Give the sources: name to text."""
    return {path.name: path.read_text() for path in sorted(_SOURCES.iterdir())}


def micro_settings() -> list[str]:
    """Write the constants of the arithmetic as macros."""
    even, odd = constants.SMOOTHING
    return definitions(
        "EA_MICRO",
        {
            "WINDOW_BITS": constants.WINDOW_BITS,
            "NOISE_BITS": constants.NOISE_BITS,
            "SIGNAL_BITS": constants.SIGNAL_BITS,
            "SNR_BITS": constants.SNR_BITS,
            "GAIN_SHIFT": constants.GAIN_SHIFT,
            "CORRECTION_BITS": constants.CORRECTION_BITS,
            "SMOOTHING_EVEN": even,
            "SMOOTHING_ODD": odd,
            "LEAST_SIGNAL": constants.LEAST_SIGNAL,
            "LOG_COEFFICIENT": constants.LOG_COEFFICIENT,
            "LOG_SHIFT": constants.LOG_SHIFT,
            "STEP": float(STEP),
        },
    )


def micro_tables(config: FrontendConfig) -> list[str]:
    """Write the tables of a front end of the kind `micro`; filters have those bins alone that they use."""
    tables = constants.MicroTables.of(config)
    bins = tables.used_bins
    arrays: dict[str, NDArray[Any]] = {
        "ea_micro_window": tables.window,
        "ea_micro_cosine": constants.twiddles(np.arange(constants.FFT_SIZE) / constants.FFT_SIZE).real.astype(np.int16),
        "ea_micro_channels": tables.channels[bins].astype(np.uint8),
        "ea_micro_rising": tables.rising[bins],
        "ea_micro_falling": tables.falling[bins],
        "ea_micro_gains": tables.gains,
        "ea_micro_logs": tables.logs.astype(np.uint16),
    }
    sizes = definitions("EA_MICRO", {"FIRST_BIN": bins.start, "USED_BINS": bins.stop - bins.start})
    return ["#include <stdint.h>", "", *sizes, "", *(line for item in arrays.items() for line in array(*item))]
