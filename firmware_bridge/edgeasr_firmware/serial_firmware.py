"""A firmware that speaks the MLPerf Tiny protocol: a model behind the serial line of a board."""

from pathlib import Path
from typing import TYPE_CHECKING

from edgeasr.errors import FirmwareError
from edgeasr_firmware.boards import Board, build

if TYPE_CHECKING:
    from edgeasr_firmware.export import Firmware

__all__ = ["build_serial"]

_SOURCES = Path(__file__).parent / "csrc" / "serial"


def build_serial(firmware: "Firmware", board: Board, program: Path) -> Path:
    """Build a firmware that waits for commands on the serial line.

    Args:
        firmware: the model in C.
        board: an emulated one of the MPS2 family: cortex-m0, m3, m4f or m7.
        program: ELF file to write.

    Raises:
        FirmwareError: the board or the model is none that this can be built for.
        MissingPackageError: there is no compiler for the board.
    """
    if not board.machine.startswith("mps2-an3") and board.machine != "mps2-an500":
        raise FirmwareError(f"{board.name}: expected cortex-m0, m3, m4f or m7: the serial line of others is not known")
    if len(firmware.program.inputs) != 1 or len(firmware.program.outputs) != 1:
        raise FirmwareError(
            f"{firmware.path.name}: the MLPerf Tiny protocol expects a model of one input and one output"
        )
    sources = [
        _SOURCES / "ea_serial.c",
        _SOURCES / "mps2_main.c",
        *(firmware.folder / name for name in firmware.sources),
    ]
    flags = [f'-DEA_SERIAL_MODEL="{firmware.path.stem}"']
    return build(board, sources, program, [firmware.folder, _SOURCES], flags)
