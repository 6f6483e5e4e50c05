"""The reader gives what was written, and one line for a file that is damaged."""

import tracemalloc
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeasr.errors import ArtefactError
from edgeasr.tflite import Interpreter, Tensor, read_model
from edgeasr.tflite.schema import ENUMS, OPTIONS
from tests.tflite.builder import Step, Value, constant, one, write


def only(tensors: tuple[Tensor, ...], kind: str) -> Tensor:
    (found,) = (tensor for tensor in tensors if tensor.type == kind)
    return found


def small() -> bytes:
    """Write a model with most of what a file can hold: several graphs, constants, scales, a variable."""
    name = {"container": "c", "shared_name": "s"}
    source, output, summed, handle = (Value((1, 4, 4, 2), "INT8", 0.5, 3), Value((1, 2, 2, 2), "INT8", 0.25, -4),
                                      Value((1, 2, 2, 2), "INT8", 0.25, -4), Value((), "RESOURCE"))  # fmt: skip
    weights = constant(np.arange(16).reshape(2, 2, 2, 2), "int8", scale=[0.5, 0.25], dimension=0)
    state, again = Value((1, 2, 2, 2), "INT8", 0.25, -4), Value((), "RESOURCE")
    steps = [
        Step("CALL_ONCE", [], [], {"init_subgraph_index": 1}),
        Step("CONV_2D", [source, weights, None], [output], {"stride_w": 2, "stride_h": 2, "padding": "VALID"}),
        Step("VAR_HANDLE", [], [handle], name),
        Step("READ_VARIABLE", [handle], [state], {}),
        Step("ADD", [output, state], [summed], {"fused_activation_function": "RELU"}),
        Step("ASSIGN_VARIABLE", [handle, summed], [], {}),
    ]
    first = constant(np.ones((1, 2, 2, 2)), "int8", scale=0.25, zero_point=-4)
    start = [Step("VAR_HANDLE", [], [again], name), Step("ASSIGN_VARIABLE", [again, first], [], {})]
    return write((steps, [source], [summed]), (start, [], []))


SMALL = small()


def test_reader_gives_tensors_as_they_were_written() -> None:
    model = read_model(SMALL)
    graph, start = model.subgraphs
    source, weights = graph.tensors[graph.inputs[0]], graph.tensors[graph.operators[1].inputs[1]]
    assert (source.shape, source.type, source.dtype, source.data) == ((1, 4, 4, 2), "INT8", np.int8, None)
    assert (source.scale, source.zero_point) == (np.float32(0.5), 3)
    np.testing.assert_array_equal(weights.data, np.arange(16).reshape(2, 2, 2, 2))
    np.testing.assert_array_equal(weights.scale, [0.5, 0.25])
    assert weights.data.dtype == np.int8
    assert graph.operators[1].inputs[2] == -1
    assert [operator.name for operator in start.operators] == ["VAR_HANDLE", "ASSIGN_VARIABLE"]
    assert only(graph.tensors, "RESOURCE").shape == ()


def test_reader_gives_signatures_as_they_were_written() -> None:
    source, output = Value((3,), name="x:0"), Value((3,), name="y:0")
    model = read_model(write(([Step("RESHAPE", [source], [output], {})], [source], [output]), signed=True))
    (signature,), (graph,) = model.signatures, model.subgraphs
    assert (signature.key, signature.subgraph) == ("serving_default", 0)
    assert graph.tensors[signature.inputs["x"]].name == "x:0"
    assert list(signature.outputs.items()) == [("y", graph.outputs[0])]
    assert read_model(SMALL).signatures == ()


def test_reader_takes_a_path_too_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(SMALL)
    assert len(read_model(path).subgraphs) == 2
    with pytest.raises(ArtefactError, match=r"none\.tflite: cannot be read \(No such file"):
        read_model(tmp_path / "none.tflite")
    with pytest.raises(ArtefactError, match="expected a TFLite file, got one without TFL3 at byte 4"):
        read_model(b"")


def written_options(draw: Any, name: str) -> dict[str, Any]:
    kinds = dict(field.partition("=")[0].split(":") for field in OPTIONS[name].fields)
    strategies = {
        "int": st.integers(-(2**31), 2**31 - 1),
        "ints": st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
        "bool": st.booleans(),
        "float": st.floats(-1e6, 1e6, width=32),
        "text": st.text(max_size=5),
    }
    return {
        key: draw(strategies[kind] if kind in strategies else st.sampled_from(ENUMS[kind]))
        for key, kind in kinds.items()
    }


@pytest.mark.parametrize("name", sorted(OPTIONS))
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_reader_gives_options_as_they_were_written(name: str, data: st.DataObject) -> None:
    options = written_options(data.draw, name)
    if name == "CALL_ONCE":
        options = {"init_subgraph_index": 0}
    model = read_model(one(name, [Value((1,))], [Value((1,))], **options))
    assert model.subgraphs[0].operators[0].options == options


def test_reader_gives_defaults_where_a_file_has_no_options() -> None:
    bare = write(([Step("CONV_2D", [Value((1,))], [Value((1,))], {})], [], []))
    options = read_model(bare).subgraphs[0].operators[0].options
    assert (options["padding"], options["dilation_w_factor"]) == ("SAME", 1)


@pytest.mark.parametrize(("kind", "expected"), [
    ("INT4", [-8, 7, -1, 0, 5]), ("UINT4", [0, 15, 9, 8, 1]), ("INT2", [-2, 1, 0, -1, 1]),
])  # fmt: skip
def test_reader_unpacks_what_is_smaller_than_a_byte(kind: str, expected: list[int]) -> None:
    bits = int(kind[-1])
    whole = sum((value & ((1 << bits) - 1)) << (bits * place) for place, value in enumerate(expected))
    raw = np.frombuffer(whole.to_bytes(-(-bits * 5 // 8), "little"), np.uint8)
    tensor = Value((5,), kind, data=raw)
    model = read_model(one("RESHAPE", [tensor], [Value((5,))]))
    assert only(model.subgraphs[0].tensors, kind).data.tolist() == expected


def test_reader_finds_constants_behind_the_flatbuffer() -> None:
    """As converters write files of more than 2 GB, and some all files."""
    model = schema.ModelT.InitFromPackedBuf(SMALL)
    data = bytes(range(16))
    (buffer,) = (buffer for buffer in model.buffers if buffer.data is not None and bytes(buffer.data) == data)
    buffer.data, buffer.size, buffer.offset = None, 16, 1 << 20
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    padded = bytes(builder.Output()).ljust(1 << 20, b"\0")
    graph = read_model(padded + data).subgraphs[0]
    assert graph.tensors[graph.operators[1].inputs[1]].data.tobytes() == data
    with pytest.raises(ArtefactError, match="expected 16 bytes at 1048576, it has 1048591"):
        read_model(padded + data[:-1])


def test_reader_refuses_constants_of_another_size() -> None:
    short = Value((5,), "INT8", data=np.zeros(4, np.int8))
    with pytest.raises(ArtefactError, match=r"tensor 0 of \[5\] INT8 has 4 bytes"):
        read_model(one("RESHAPE", [short], [Value((5,))]))


def test_reader_refuses_zero_points_and_shapes_that_no_array_has() -> None:
    with pytest.raises(ArtefactError, match="tensor 0 has a zero point that int8 does not hold"):
        read_model(one("RESHAPE", [Value((2,), "INT8", 0.1, 128)], [Value((2,))]))
    with pytest.raises(ArtefactError, match=r"tensor 0 has the shape \[0, 2147483647, 2147483647\]"):
        read_model(one("RESHAPE", [Value((0, 2**31 - 1, 2**31 - 1))], [Value((0,))]))


def test_reader_refuses_scales_that_do_not_fit() -> None:
    wrong = Value((2, 3), "INT8", [0.1, 0.2], dimension=1)
    with pytest.raises(ArtefactError, match=r"tensor 0 of shape \[2, 3\] has 2 scales"):
        read_model(one("RESHAPE", [wrong], [Value((6,))]))


def overlapping(count: int) -> bytes:
    """Write `count` subgraphs of `count` tensors, all of which are the same one."""
    builder = flatbuffers.Builder(0)

    def vector(of: int) -> int:
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(of)
        return int(builder.EndVector())

    builder.StartObject(1)
    tensors = vector(builder.EndObject())
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, tensors, 0)
    graphs = vector(builder.EndObject())
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(2, graphs, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_reader_stops_at_parts_that_overlap() -> None:
    data = overlapping(10_000)  # 80 kB that describe 100 million tensors
    tracemalloc.start()
    try:
        with pytest.raises(ArtefactError, match="its parts overlap"):
            read_model(data)
        assert tracemalloc.get_traced_memory()[1] < 100 * len(data)
    finally:
        tracemalloc.stop()


def survives(data: bytes) -> None:
    """Read and run a file: that ends well or in an error of one line."""
    try:
        interpreter = Interpreter(read_model(data))
        interpreter.run(*(np.zeros(tensor.shape, tensor.dtype) for tensor in interpreter.inputs))
    except ArtefactError as error:
        lines = str(error).splitlines()
    else:
        return
    assert len(lines) == 1


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 7)), min_size=1, max_size=8))
def test_flipped_bits_are_survived(flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(SMALL)
    for place, bit in flips:
        damaged[place] ^= 1 << bit
    survives(bytes(damaged))


NUMBERS = st.one_of(st.integers(0, 64), st.integers(2**31 - 64, 2**31 + 64), st.integers(2**32 - 2048, 2**32 - 1))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SMALL) // 4 - 1), NUMBERS)
@example(0, 0)
def test_huge_and_cyclic_offsets_are_survived(place: int, number: int) -> None:
    survives(SMALL[: 4 * place] + number.to_bytes(4, "little") + SMALL[4 * place + 4 :])


@settings(max_examples=100, deadline=None)
@given(st.integers(8, len(SMALL) - 1))
def test_truncated_files_are_survived(length: int) -> None:
    survives(SMALL[:length])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_survived(data: bytes) -> None:
    survives(data[:4] + b"TFL3" + data[4:])
