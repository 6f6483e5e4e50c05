"""Constants that lie behind a FlatBuffer, put into it."""

import struct

from edgeasr.tflite.flatbuffer import FlatBuffer, Table

__all__ = ["inlined"]

_ALIGNMENT_BYTES = 16  # of constants, as the schema demands
_DATA, _OFFSET, _SIZE = 0, 1, 2  # fields of the table Buffer


def inlined(data: bytes) -> bytes:
    """Put constants that lie behind the FlatBuffer of a TFLite file into it.

    Such files come from quantisers that write large ones in pieces. TensorFlow Lite Micro does not know of them: it
    computes with zeros instead.

    Args:
        data: the file.

    Returns:
        The same model; the file itself where all its constants are inside. What was appended to a file that has to be
        rewritten, such as labels, is left out.

    Raises:
        ArtefactError: the file is damaged.
    """
    buffer = FlatBuffer(data, "model")
    outer = [table for table in buffer.root().tables(4) if table.number(_OFFSET, "Q") > 1]
    if not outer:
        return data
    if sum(table.number(_SIZE, "Q") for table in outer) > len(data):
        raise buffer.damaged("its constants overlap")
    made = bytearray(data[: min(table.number(_OFFSET, "Q") for table in outer)])
    try:
        for table in outer:
            _move(buffer, table, made)
    except struct.error as error:  # a table that is none, or lies behind what it speaks of
        raise buffer.damaged(f"its constants cannot be moved: {error}") from error
    return bytes(made)


def _move(buffer: FlatBuffer, table: Table, made: bytearray) -> None:
    """Put the constant of one table at the end of a file, and let the table say so."""
    content = buffer.bytes_at(table.number(_OFFSET, "Q"), table.number(_SIZE, "Q"))
    # the number that says where the constant is gives its place to the offset of a vector; a new vtable says so
    slot = table.find(_OFFSET)
    assert slot is not None  # its number is more than 1
    made += bytes(len(made) % 2)
    vtable = len(made)
    made += struct.pack("<3H", 4 + 2 * (_DATA + 1), slot + 8 - table.position, slot - table.position)
    made += bytes(-(len(made) + 4) % _ALIGNMENT_BYTES)
    struct.pack_into("<i", made, table.position, table.position - vtable)
    struct.pack_into("<Q", made, slot, len(made) - slot)
    made += struct.pack("<I", len(content)) + content.tobytes()
