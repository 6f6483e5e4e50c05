"""Files whose constants lie behind the FlatBuffer."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.errors import ArtefactError
from edgeasr.tflite import Interpreter, read_model
from edgeasr.tflite.inline import inlined
from tests.tflite.builder import Value, constant, micro, micro_run, one


def outward(data: bytes) -> bytes:
    """Move the constants of a file behind its FlatBuffer, as ai-edge-quantizer does with 256 kB and more."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromPackedBuf(data)
    contents = {}
    for number, buffer in enumerate(tree.buffers):
        if buffer.data is not None and len(buffer.data):
            contents[number] = bytes(np.asarray(buffer.data, np.uint8))
            buffer.data, buffer.offset, buffer.size = None, 1, 1
    builder = flatbuffers.Builder(1024)
    builder.Finish(tree.Pack(builder), b"TFL3")
    made = bytearray(builder.Output())
    root = schema.Model.GetRootAsModel(made, 0)
    for number, content in contents.items():
        made += bytes(-len(made) % 16)
        table = root.Buffers(number)._tab
        for field, value in ((6, len(made)), (8, len(content))):  # the places of `offset` and `size` in a vtable
            struct.pack_into("<Q", made, table.Pos + table.Offset(field), value)
        made += content
    return bytes(made)


@pytest.fixture(scope="module")
def model() -> bytes:
    rng = np.random.default_rng(0)
    matrix = constant(rng.integers(-127, 127, (5, 16)), "int8", scale=0.02)
    bias = constant(rng.integers(-900, 900, 5), scale=0.002)
    return one("FULLY_CONNECTED", [Value((1, 16), "INT8", 0.1), matrix, bias], [Value((1, 5), "INT8", 0.2)])


def test_inlined_file_is_the_same_model_to_all_readers(model: bytes) -> None:
    outer = outward(model)
    made = inlined(outer)
    values = np.random.default_rng(1).integers(-128, 127, (1, 16), np.int8)
    (expected,) = Interpreter(read_model(model)).run(values)
    assert (Interpreter(read_model(outer)).run(values)[0] == expected).all()
    assert (Interpreter(read_model(made)).run(values)[0] == expected).all()
    assert (micro_run(micro(made), values, outputs=1)[0] == expected).all()
    assert (micro_run(micro(outer), values, outputs=1)[0] != expected).any()  # else there is no need of all this


def test_inlined_leaves_a_file_without_outer_constants_alone(model: bytes) -> None:
    assert inlined(model) is model


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_inlined_of_a_damaged_file_ends_in_one_line(model: bytes, data: st.DataObject) -> None:
    damaged = bytearray(outward(model))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        inlined(bytes(damaged[: data.draw(st.integers(8, len(damaged)))]))
    except ArtefactError as error:
        message = str(error)
        assert "\n" not in message
