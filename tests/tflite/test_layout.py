"""Operators that move values, and those that keep state, bit for bit those of `tflite-micro`."""

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter as LiteRt
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.quiet import quiet
from edgeasr.tflite import read_model
from edgeasr.tflite.interpreter import Interpreter
from tests.tflite.builder import Step, Value, compare, constant, draw, micro, micro_run, one, write

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4)
TYPES = st.sampled_from(["INT8", "INT16", "FLOAT32"])
EXAMPLES = settings(max_examples=30, deadline=None)


def value(shape: Any, type_: str = "INT8") -> Value:
    return Value(tuple(shape), type_, None if type_ == "FLOAT32" else 0.1, 7 if type_ == "INT8" else 0)


@EXAMPLES
@given(SHAPES, st.data())
def test_reshapes_are_bit_exact(shape: list[int], data: st.DataObject) -> None:
    count = int(np.prod(shape))
    compare(one("RESHAPE", [value(shape), constant([count])], [value([count])]), 0)
    axis = data.draw(st.integers(0, len(shape)))
    longer = [*shape[:axis], 1, *shape[axis:]]
    compare(one("EXPAND_DIMS", [value(shape), constant(axis)], [value(longer)]), 0)
    compare(one("SQUEEZE", [value(longer)], [value(shape)], squeeze_dims=[axis]), 0)


@EXAMPLES
@given(SHAPES, SEEDS)
def test_shape_is_exact(shape: list[int], seed: int) -> None:
    compare(one("SHAPE", [value(shape)], [Value((len(shape),), "INT32")], out_type="INT32"), seed)


@EXAMPLES
@given(SHAPES, TYPES, st.data())
def test_transpose_is_bit_exact(shape: list[int], type_: str, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(shape))))
    output = value([shape[axis] for axis in order], type_)
    compare(one("TRANSPOSE", [value(shape, type_), constant(order)], [output]), data.draw(SEEDS))


@EXAMPLES
@given(SHAPES, TYPES, st.integers(2, 4), st.data())
def test_concatenation_and_splits_are_bit_exact(shape: list[int], type_: str, parts: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=parts, max_size=parts))

    def sized(size: int) -> Value:
        return value([size if place == axis % len(shape) else other for place, other in enumerate(shape)], type_)

    pieces, whole = [sized(size) for size in sizes], sized(sum(sizes))
    compare(one("CONCATENATION", pieces, [whole], axis=axis), data.draw(SEEDS))
    left_open = [-1, *sizes[1:]] if data.draw(st.booleans()) else sizes
    split = [whole, constant(left_open), constant(axis)]
    compare(one("SPLIT_V", split, [sized(size) for size in sizes], num_splits=parts), data.draw(SEEDS))
    even = [constant(axis), sized(2 * parts)]
    compare(one("SPLIT", even, [sized(2) for _ in range(parts)], num_splits=parts), data.draw(SEEDS))


@EXAMPLES
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), TYPES, st.integers(1, 4), st.data())
def test_pack_and_unpack_are_bit_exact(shape: list[int], type_: str, count: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape)))
    packed = [*shape[:axis], count, *shape[axis:]]
    parts = [value(shape, type_) for _ in range(count)]
    compare(one("PACK", parts, [value(packed, type_)], axis=axis, values_count=count), data.draw(SEEDS))
    outputs = [value(shape, type_) for _ in range(count)]
    compare(one("UNPACK", [value(packed, type_)], outputs, axis=axis, num=count), data.draw(SEEDS))


@EXAMPLES
@given(SHAPES, TYPES, st.data())
def test_slice_is_bit_exact(shape: list[int], type_: str, data: st.DataObject) -> None:
    begin = [data.draw(st.integers(0, size - 1)) for size in shape]
    size = [data.draw(st.integers(1, whole - first)) for whole, first in zip(shape, begin, strict=True)]
    inputs = [value(shape, type_), constant(begin), constant(size)]
    compare(one("SLICE", inputs, [value(size, type_)]), data.draw(SEEDS))


@settings(max_examples=80, deadline=None)
@given(SHAPES, TYPES, st.data())
def test_strided_slice_is_bit_exact(shape: list[int], type_: str, data: st.DataObject) -> None:
    masks = dict.fromkeys(("begin_mask", "end_mask", "shrink_axis_mask"), 0)
    begins, ends, strides, output = [], [], [], []
    for axis, size in enumerate(shape):
        begin, end = (data.draw(st.integers(-size - 1, size + 1)) for _ in range(2))
        stride = data.draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        begin_masked, end_masked = data.draw(st.booleans()), data.draw(st.booleans())
        indices = range(size)[slice(None if begin_masked else begin, None if end_masked else end, stride)]
        if data.draw(st.sampled_from([True, False, False])) or not indices:  # none left: take one, and drop the axis
            begin, end, stride, begin_masked = data.draw(st.integers(-size, size - 1)), 0, 1, False
            masks["shrink_axis_mask"] |= 1 << axis
        else:
            output.append(len(indices))
        masks["begin_mask"] |= begin_masked << axis
        masks["end_mask"] |= end_masked << axis
        for values, drawn in zip((begins, ends, strides), (begin, end, stride), strict=True):
            values.append(drawn)
    inputs = [value(shape, type_), constant(begins), constant(ends), constant(strides)]
    compare(one("STRIDED_SLICE", inputs, [value(output, type_)], **masks), data.draw(SEEDS))


@EXAMPLES
@given(SHAPES, TYPES, st.booleans(), st.data())
def test_pad_is_bit_exact(shape: list[int], type_: str, filled: bool, data: st.DataObject) -> None:
    sizes = [[data.draw(st.integers(0, 3)) for _ in range(2)] for _ in shape]
    output = value([size + sum(pair) for size, pair in zip(shape, sizes, strict=True)], type_)
    inputs = [value(shape, type_), constant(sizes)]
    if filled:
        inputs.append(constant([5], type_.lower(), scale=output.scale, zero_point=output.zero_point))
    compare(one("PADV2" if filled else "PAD", inputs, [output]), data.draw(SEEDS))


@EXAMPLES
@given(st.integers(1, 3), st.integers(3, 4), st.sampled_from(["INT8", "FLOAT32"]), st.data())
def test_space_and_batch_are_bit_exact(batch: int, rank: int, type_: str, data: st.DataObject) -> None:
    block, small = ([data.draw(st.integers(1, 3)) for _ in range(rank - 2)] for _ in range(2))
    crops = [[data.draw(st.integers(0, step - 1)), 0] for step in block]
    large = [size * step for size, step in zip(small, block, strict=True)]
    cropped = [size - before for size, (before, _) in zip(large, crops, strict=True)]
    blocks = value([batch * int(np.prod(block)), *small, 2], type_)
    whole = [value([batch, *large, 2], type_), constant(block), constant(np.zeros_like(crops))]
    compare(one("SPACE_TO_BATCH_ND", whole, [blocks]), data.draw(SEEDS))
    back = one("BATCH_TO_SPACE_ND", [blocks, constant(block), constant(crops)], [value([batch, *cropped, 2], type_)])
    compare(back, data.draw(SEEDS))


@pytest.mark.parametrize("type_", ["INT8", "FLOAT32"])
def test_space_to_batch_pads_with_zero_as_tflite_does(type_: str) -> None:
    """TFLM pads with what happens to stand in its memory (tflite-micro#1646), so TFLite is the measure here."""
    inputs = [value([2, 4, 5, 3], type_), constant([2, 3]), constant([[1, 1], [0, 1]])]
    model = one("SPACE_TO_BATCH_ND", inputs, [value([12, 3, 2, 3], type_)])
    source = draw(np.random.default_rng(0), (2, 4, 5, 3), type_.lower())
    with quiet():
        lite = LiteRt(model_content=model)
        lite.allocate_tensors()
        lite.set_tensor(0, source)
        lite.invoke()
    (got,) = Interpreter(read_model(model)).run(source)
    np.testing.assert_array_equal(got, lite.get_tensor(lite.get_output_details()[0]["index"]))


def streaming(first: np.ndarray | None) -> bytes:
    """Write a model that gives the sum of its inputs so far, from `first` on where it is given."""
    name = {"container": "", "shared_name": "total"}
    source, total, output = value([4]), value([4]), value([4])
    handle, again = Value([], "RESOURCE"), Value([], "RESOURCE")
    steps = [
        Step("VAR_HANDLE", [], [handle], name),
        Step("READ_VARIABLE", [handle], [total], {}),
        Step("ADD", [source, total], [output], {}),
        Step("ASSIGN_VARIABLE", [handle, output], [], {}),
    ]
    if first is None:
        return write((steps, [source], [output]))
    values = constant(first, "int8", scale=0.1, zero_point=7)
    prepare = [Step("VAR_HANDLE", [], [again], name), Step("ASSIGN_VARIABLE", [again, values], [], {})]
    steps.insert(0, Step("CALL_ONCE", [], [], {"init_subgraph_index": 1}))
    return write((steps, [source], [output]), (prepare, [], []))


@pytest.mark.parametrize("first", [None, np.array([3, -80, 7, 100])])
def test_variables_are_bit_exact_until_and_after_reset(first: np.ndarray | None) -> None:
    model = streaming(first)
    ours, theirs, rng = Interpreter(read_model(model)), micro(model), np.random.default_rng(0)
    inputs = [rng.integers(-20, 30, 4).astype(np.int8) for _ in range(4)]
    runs = [[ours.run(values)[0] for values in inputs]]
    expected = [micro_run(theirs, values)[0] for values in inputs]
    ours.reset()
    runs.append([ours.run(values)[0] for values in inputs])
    np.testing.assert_array_equal(runs, [expected, expected])
    assert not np.array_equal(expected[0], expected[1])


def lstm(rng: np.random.Generator, batch: int, frames: int, size: int, states: int, type_: str, major: bool) -> bytes:
    """Write an LSTM with random weights."""
    quantised = type_ != "FLOAT32"
    scales = {"INT8": (0.05, 2**-7), "INT16": (2e-4, 2**-15), "FLOAT32": (None, None)}[type_]

    def weights(columns: int) -> Value:
        if not quantised:
            return constant(draw(rng, (states, columns), "f4") / 4, "float32")
        return constant(rng.integers(-127, 127, (states, columns)), "int8", scale=rng.uniform(0.002, 0.01))

    def bias() -> Value:
        if not quantised:
            return constant(draw(rng, (states,), "f4"), "float32")
        wide = "int64" if type_ == "INT16" else "int32"
        return constant(rng.integers(-3000, 3000, states), wide, scale=1e-4)

    shape = (frames, batch) if major else (batch, frames)
    source = Value((*shape, size), type_, scales[0], 3 if type_ == "INT8" else 0)
    hidden = Value((batch, states), type_, scales[1], 4 if type_ == "INT8" else 0, variable=True)
    cell_scale = 2.0 ** -int(rng.integers(9, 16)) if quantised else None  # 2^-15 overflows and is limited
    cell = Value((batch, states), "INT16" if quantised else type_, cell_scale, variable=True)
    output = Value((*shape, states), type_, hidden.scale, hidden.zero_point)
    inputs = [source, *(weights(size) for _ in range(4)), *(weights(states) for _ in range(4))]
    inputs += [None] * 3 + [bias() for _ in range(4)] + [None] * 2 + [hidden, cell] + [None] * 4
    clip = float(rng.choice([0.0, 0.5]))
    return one("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [output], fused_activation_function="TANH", time_major=major,
               cell_clip=clip)  # fmt: skip


@EXAMPLES
@given(st.tuples(*[st.integers(1, 6)] * 4), st.sampled_from(["INT8", "INT16"]), st.booleans(), SEEDS)
def test_lstm_is_bit_exact_over_runs(sizes: tuple[int, int, int, int], type_: str, major: bool, seed: int) -> None:
    compare(lstm(np.random.default_rng(seed), *sizes, type_, major), seed, runs=3)


def test_lstm_of_floats_is_close() -> None:
    compare(lstm(np.random.default_rng(1), 2, 5, 3, 4, "FLOAT32", False), 1, runs=3, rtol=1e-5, atol=1e-6)
