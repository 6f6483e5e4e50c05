"""A firmware that speaks the MLPerf Tiny protocol: a model behind the serial line of a board."""

import re
from pathlib import Path

from edgeasr.errors import FirmwareError
from edgeasr_firmware.boards import BOARDS, Board, build
from edgeasr_firmware.export import Firmware

__all__ = ["build_serial"]

_SOURCES = Path(__file__).parent / "csrc" / "serial"
_MACHINES = ("mps2-an385", "mps2-an386", "mps2-an500")  # of one family, whose serial line mps2_main.c knows
_AS_IS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-."


def build_serial(firmware: Firmware, board: Board, program: Path) -> Path:
    """Build a firmware that waits for commands on the serial line; one that knows its front end listens as well.

    Args:
        firmware: the model in C, as `write_firmware` writes it by default.
        board: one that is emulated by a machine of the MPS2 family, such as cortex-m0, m3, m4f or m7.
        program: ELF file to write.

    Raises:
        FirmwareError: the board or the model is none that this can be built for.
        MissingPackageError: there is no compiler for the board.
    """
    if board.machine not in _MACHINES:
        known = ", ".join(name for name, one in BOARDS.items() if one.machine in _MACHINES)
        raise FirmwareError(f"{board.name}: expected one of {known}: the serial line of others is not known")
    if len(firmware.program.inputs) != 1 or len(firmware.program.outputs) != 1:
        raise FirmwareError(
            f"{firmware.path.name}: the MLPerf Tiny protocol expects a model of one input and one output"
        )
    sources = [firmware.folder / name for name in firmware.sources]
    flags = [f"-DEA_SERIAL_MODEL={_text(firmware.path.stem)}"]
    if firmware.card and any(path.name == "ea_listen.c" for path in sources):
        flags.append(f"-DEA_SERIAL_LABELS={{{','.join(map(_text, firmware.card.labels))}}}")
    sources += [_SOURCES / "ea_serial.c", _SOURCES / "mps2_main.c"]
    return build(board, sources, program, [sources[0].parent, _SOURCES], flags)


def _text(text: str) -> str:
    """Write a string of C; what the protocol would take for its own is left out."""
    plain = re.sub(r"[%\[\]\r\n]", "", text).encode()
    return '"' + "".join(chr(byte) if byte in _AS_IS else f"\\{byte:03o}" for byte in plain) + '"'
