"""What the folder of a firmware may look like: plain C, or a library as some ecosystem takes it."""

from collections.abc import Mapping

__all__ = ["FORMATS"]

# name -> function(Project) that gives the files of the folder; "tflm", which holds no generated C, is apart
FORMATS: Mapping[str, str] = {
    "c": "edgeasr_firmware.formats.plain:plain",
    "arduino": "edgeasr_firmware.formats.library:arduino",
    "esp-idf": "edgeasr_firmware.formats.library:esp_idf",
    "zephyr": "edgeasr_firmware.formats.library:zephyr",
    "platformio": "edgeasr_firmware.formats.library:platformio",
}
