"""Run the front end in C on a board, beside which the one in NumPy can be laid."""

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.features.config import FrontendConfig
from edgeasr_firmware.boards import Board, build, run
from edgeasr_firmware.frontend import frontend_files

__all__ = ["FrontendRun", "run_frontend"]

_MAIN = Path(__file__).parent / "csrc" / "checks" / "frontend_main.c"


@dataclass(frozen=True)
class FrontendRun:
    """What the front end did on a board.

    Attributes:
        features: float32 [frames, bins].
        quantised: the same as integers, int8 [frames, bins].
        hop_instructions: most that were executed for one hop; None where the board cannot tell.
        stack_bytes: depth that the stack reached; None where the board cannot tell.
    """

    features: NDArray[np.float32]
    quantised: NDArray[np.int8]
    hop_instructions: int | None
    stack_bytes: int | None


def run_frontend(
    board: Board,
    config: FrontendConfig,
    samples: NDArray[np.int16],
    scale: float = 1.0,
    zero_point: int = 0,
    flags: tuple[str, ...] = (),
) -> FrontendRun:
    """Build the front end for a board and feed it samples, a hop at a time.

    Args:
        board: to run on.
        config: what the front end computes.
        samples: int16 [n].
        scale, zero_point: of the input that the features are quantised for.
        flags: more flags for the compiler.

    Raises:
        FirmwareError: the front end cannot be made, built or run.
        MissingPackageError: the board's compiler or emulator is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="edgeasr-frontend-") as scratch:
        folder = Path(scratch)
        for name, text in frontend_files(config).items():
            (folder / name).write_text(text)
        sources = [_MAIN, *sorted(folder.glob("*.c"))]
        program = build(board, sources, folder / "frontend.elf", include=[folder], flags=flags)
        inputs = {
            "samples.bin": samples.astype("<i2").tobytes(),
            "quantisation.bin": struct.pack("<fi", scale, zero_point),
        }
        done = run(board, program, inputs)
    return FrontendRun(
        np.frombuffer(done.files["features.bin"], "<f4").reshape(-1, config.bins),
        np.frombuffer(done.files["quantised.bin"], np.int8).reshape(-1, config.bins),
        max(done.instructions[::2], default=None) if done.instructions is not None else None,
        done.stack_bytes,
    )
