"""Addresses of serial ports: `serial:///dev/ttyACM0`, `serial://COM3?baud=921600`, `tcp://HOST:PORT`."""

import re
from dataclasses import dataclass

from edgeasr.errors import ConfigError

__all__ = ["Port", "find_port"]

_BAUD = 115200


@dataclass(frozen=True)
class Port:
    """A port.

    Attributes:
        url: as pyserial takes it.
        baud: its speed; of no matter over TCP.
    """

    url: str
    baud: int = _BAUD


def find_port(address: str) -> Port:
    """Read an address.

    Raises:
        ConfigError: it is none of a port.

    Example:
        >>> find_port("serial:///dev/ttyACM0?baud=9600")
        Port(url='/dev/ttyACM0', baud=9600)
    """
    if found := re.fullmatch(r"serial:(?://)?([^?]*[^/?])(?:\?baud=(\d{1,8}))?", address):
        return Port(found[1], int(found[2] or _BAUD))
    if found := re.fullmatch(r"tcp:/*([^/?]+:\d{1,5})", address):
        return Port(f"socket://{found[1]}")
    raise ConfigError(f"unknown port {address!r}: expected serial:///dev/ttyACM0[?baud=115200] or tcp://HOST:PORT")
