"""Messages of the Wyoming protocol (https://github.com/OHF-Voice/wyoming), read with limits on everything.

A message is a line of JSON, `{"type", "data", "data_length", "payload_length"}`, then as many bytes of further JSON
data and of payload as it says.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from edgeasr import __version__

__all__ = ["LONGEST_LINE", "Message", "ProtocolError", "encode", "read_message"]

LONGEST_LINE = 1 << 16  # bytes of the header, of the data likewise
_LONGEST_PAYLOAD = 1 << 20  # half a minute of sound
_WHOLE_S = 10.0  # for the rest of a message that has begun


class ProtocolError(Exception):
    """A client sent what is no message; the text says what."""


@dataclass(frozen=True)
class Message:
    """One message: its type, its data, and its payload, such as sound."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def encode(message: Message) -> bytes:
    """Write a message as bytes."""
    data = json.dumps(message.data).encode()
    header = {"type": message.type, "version": __version__, "data_length": len(data)}
    if message.payload:
        header["payload_length"] = len(message.payload)
    return json.dumps(header).encode() + b"\n" + data + message.payload


async def read_message(reader: asyncio.StreamReader, idle_s: float) -> Message | None:
    """Read the next message.

    Args:
        reader: with a limit of `LONGEST_LINE`.
        idle_s: how long to wait for one to begin.

    Returns:
        None where the client is gone.

    Raises:
        ProtocolError: what came is no message, is too long, or does not come to an end.
        TimeoutError: nothing came.
    """
    async with asyncio.timeout(idle_s):
        first = await reader.read(1)
    if not first:
        return None
    try:
        async with asyncio.timeout(_WHOLE_S):
            return await _read_rest(reader, first)
    except TimeoutError:
        raise ProtocolError(f"half a message, and nothing for {_WHOLE_S:g} s") from None
    except asyncio.IncompleteReadError:
        raise ProtocolError("half a message") from None


async def _read_rest(reader: asyncio.StreamReader, first: bytes) -> Message:
    try:
        line = first if first == b"\n" else first + await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise ProtocolError(f"a header of more than {LONGEST_LINE} bytes") from None
    header = _object(line, "a header")
    kind, data = header.get("type"), header.get("data") or {}
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise ProtocolError("a header without a type, or with data that is no object")
    data_bytes = await reader.readexactly(_length(header, "data_length", LONGEST_LINE))
    if data_bytes:
        data = {**data, **_object(data_bytes, "data")}
    payload = await reader.readexactly(_length(header, "payload_length", _LONGEST_PAYLOAD))
    return Message(kind, data, payload)


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError(f"{what} that is no JSON") from None
    if not isinstance(value, dict):
        raise ProtocolError(f"{what} that is no JSON object")
    return value


def _length(header: dict[str, Any], name: str, most: int) -> int:
    length = header.get(name) or 0
    if not isinstance(length, int) or not 0 <= length <= most:
        raise ProtocolError(f"{name} {repr(length)[:20]}, expected 0 to {most}")
    return length
