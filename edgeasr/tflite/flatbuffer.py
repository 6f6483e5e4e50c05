"""Read FlatBuffers: tables, vectors and strings, every offset checked before it is followed.

The format is that of https://flatbuffers.dev/internals: offsets are relative to where they stand, a table begins with
the distance to its vtable, and a vtable says where each field is, 0 for one that is absent.
"""

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edgeasr.errors import ArtefactError

__all__ = ["FlatBuffer", "Table"]

_TABLE_BYTES = 16  # what a visit of a table is charged: few real ones are smaller
_VISITS = 4  # times that a file may be read through


class FlatBuffer:
    """The bytes of a file, and how much of them may still be visited.

    Offsets of a damaged file can make many vectors share their elements, which a reader would visit again and again:
    a file of kilobytes then describes billions of tables. Whoever visits more than the file holds a few times over is
    therefore stopped.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where = data, where
        self._bytes_left = _VISITS * len(data)

    def root(self) -> "Table":
        """Open the table that the file is."""
        return Table(self, self.unsigned(0))

    def damaged(self, what: str) -> ArtefactError:
        """Make the error for a damaged file."""
        return ArtefactError(f"{self.where}: damaged TFLite file ({what}): download or export it again")

    def visit(self, position: int, length: int, charge: int | None = None) -> None:
        """Check that bytes are inside the file, and count them as visited.

        Raises:
            ArtefactError: they are not, or more was visited than the file can need.
        """
        if position < 0 or length < 0 or position + length > len(self.data):
            raise self.damaged(f"expected {length} bytes at {position}, it has {len(self.data)}")
        self._bytes_left -= length if charge is None else charge
        if self._bytes_left < 0:
            raise self.damaged("its parts overlap")

    def bytes_at(self, position: int, length: int) -> NDArray[np.uint8]:
        """Give bytes that stand outside of all tables, a read-only view; not counted as visited."""
        self.visit(position, length, charge=0)
        return np.frombuffer(self.data, np.uint8, length, position)

    def unsigned(self, position: int) -> int:
        """Read a uint32, relative to whose own position an offset is."""
        value: int = self.number("I", position)
        return value

    def number(self, code: str, position: int) -> Any:
        """Read one number, by its code in `struct`."""
        self.visit(position, struct.calcsize("<" + code), charge=0)
        return struct.unpack_from("<" + code, self.data, position)[0]


class Table:
    """A table, whose fields are asked for by their number in the schema."""

    def __init__(self, buffer: FlatBuffer, position: int) -> None:
        buffer.visit(position, 4, charge=_TABLE_BYTES)
        self._buffer, self.position = buffer, position
        self._vtable = position - buffer.number("i", position)
        self._vtable_bytes = buffer.number("H", self._vtable)
        buffer.visit(self._vtable, self._vtable_bytes, charge=0)

    def number(self, field: int, code: str, default: Any = 0) -> Any:
        """Read a number, by its code in `struct`; a float that is not finite is damage."""
        position = self.find(field)
        value = default if position is None else self._buffer.number(code, position)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._buffer.damaged(f"{value} among its settings")
        return value

    def text(self, field: int) -> str:
        """Read a string; empty where there is none."""
        return self.vector(field, np.uint8).tobytes().decode(errors="replace")

    def vector(self, field: int, dtype: DTypeLike, charged: bool = True) -> NDArray[Any]:
        """Give a vector of numbers, a read-only view into the file; empty where there is none.

        Args:
            field: number of the field.
            dtype: of an element.
            charged: whether its bytes count as visited; not for constants, which are not copied and may be shared.
        """
        dtype = np.dtype(dtype).newbyteorder("<")
        start = self._follow(field)
        if start is None:
            return np.zeros(0, dtype)
        count = self._buffer.unsigned(start)
        length = count * dtype.itemsize
        self._buffer.visit(start + 4, length, charge=length if charged else 0)
        return np.frombuffer(self._buffer.data, dtype, count, start + 4)

    def table(self, field: int) -> "Table | None":
        """Open a table that a field points to."""
        start = self._follow(field)
        return None if start is None else Table(self._buffer, start)

    def tables(self, field: int) -> list["Table"]:
        """Open the tables of a vector."""
        start = self._follow(field)
        if start is None:
            return []
        first, offsets = start + 4, self.vector(field, np.uint32).tolist()
        return [Table(self._buffer, first + 4 * index + offset) for index, offset in enumerate(offsets)]

    def _follow(self, field: int) -> int | None:
        """Find where the offset in a field leads to."""
        position = self.find(field)
        return None if position is None else position + self._buffer.unsigned(position)

    def find(self, field: int) -> int | None:
        """Find a field of this table; None where the file leaves it out."""
        entry = 4 + 2 * field
        if entry + 2 > self._vtable_bytes:
            return None
        offset = self._buffer.number("H", self._vtable + entry)
        return self.position + offset if offset else None
