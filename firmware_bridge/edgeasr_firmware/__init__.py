"""From a quantised model to C99 firmware, and the proof that both are the same.

Example:
    >>> firmware = write_firmware(Path("kws.tflite"), BOARDS["cortex-m4f"], Path("kws"))  # doctest: +SKIP
    >>> check_firmware(firmware, BOARDS["cortex-m4f"], inputs).wrong  # doctest: +SKIP
    0
"""

from edgeasr_firmware.boards import BOARDS, Board
from edgeasr_firmware.check import Check, check_firmware
from edgeasr_firmware.export import Firmware, find_model, write_firmware
from edgeasr_firmware.inputs import feature_inputs, random_inputs, step_inputs

__all__ = [
    "BOARDS",
    "Board",
    "Check",
    "Firmware",
    "check_firmware",
    "feature_inputs",
    "find_model",
    "random_inputs",
    "step_inputs",
    "write_firmware",
]
