"""A board that listens by itself, in the place of a spotter on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgeasr.cli.output import note

if TYPE_CHECKING:
    from edgeasr_firmware.listening import DeviceSpotter

__all__ = ["device_spotter"]


@contextmanager
def device_spotter(address: str) -> Iterator["DeviceSpotter"]:
    """Connect with a board, and tell of it, for as long as the block lasts.

    Raises:
        ConfigError: the address is none of a port.
        TargetError: no board answers there, or its firmware cannot listen.
    """
    from edgeasr_firmware.listening import DeviceSpotter
    from edgeasr_firmware.port import find_port
    from edgeasr_firmware.protocol import connect

    port = find_port(address)
    with connect(port.url, port.baud) as device:
        spotter = DeviceSpotter(device)
        note(f"{address}: {device.name} runs {device.model}")
        yield spotter
        if spotter.interruptions:
            note(f"the board was reset or the line disturbed, times: {spotter.interruptions}")
