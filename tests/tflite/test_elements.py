"""Operators on single values, reductions and softmax, bit for bit those of `tflite-micro`."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgeasr.tflite import Interpreter, read_model
from tests.tflite.builder import Value, compare, constant, micro, micro_run, one

SCALES = st.floats(0.002, 0.2)
ZEROS = st.integers(-128, 127)
ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU_N1_TO_1", "RELU6"])
TYPES = st.sampled_from(["INT8", "INT16"])
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 5), max_size=3).map(lambda shape: [*shape, 60])  # enough values to see a last bit
EXAMPLES = settings(max_examples=40, deadline=None)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def value_of(data: st.DataObject, shape: Any, type_: str, zero_point: bool = True) -> Value:
    """Draw a quantised tensor; int16 has the zero point 0."""
    zero = data.draw(ZEROS) if zero_point and type_ == "INT8" else 0
    scale = data.draw(SCALES) / (1 if type_ == "INT8" else 256)
    return Value(tuple(shape), type_, scale, zero)


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL"])
@EXAMPLES
@given(SHAPES, TYPES, ACTIVATIONS, st.data())
def test_arithmetic_is_bit_exact(name: str, shape: list[int], type_: str, activation: str, data: st.DataObject) -> None:
    ones = data.draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
    second_shape = [1 if one_ else size for one_, size in zip(ones, shape, strict=True)]
    second_shape = second_shape[data.draw(st.integers(0, len(shape) - 1)) :]
    first, second = value_of(data, shape, type_), value_of(data, second_shape, type_)
    output = value_of(data, shape, type_)
    if data.draw(st.booleans()):
        first, second = second, first
    compare(one(name, [first, second], [output], fused_activation_function=activation), data.draw(SEEDS))


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("type_", ["FLOAT32", "INT32"])
def test_arithmetic_of_plain_numbers_is_bit_exact(name: str, type_: str) -> None:
    first, second, output = (Value(shape, type_) for shape in ((2, 3, 4), (3, 1), (2, 3, 4)))
    compare(one(name, [first, second], [output]), 1)


@pytest.mark.parametrize("name", ["RELU", "RELU6", "LEAKY_RELU"])
@EXAMPLES
@given(SHAPES, TYPES, st.data())
def test_relu_is_bit_exact(name: str, shape: list[int], type_: str, data: st.DataObject) -> None:
    source, output = value_of(data, shape, type_), value_of(data, shape, type_)
    options = {"alpha": data.draw(st.floats(0, 1, width=32))} if name == "LEAKY_RELU" else {}
    if name == "RELU6":
        output.scale, output.zero_point = source.scale, source.zero_point
        assume(round(6 / source.scale) + source.zero_point < (127 if type_ == "INT8" else 32767))
    compare(one(name, [source], [output], **options), data.draw(SEEDS))


@EXAMPLES
@given(SHAPES, st.data())
def test_hard_swish_is_bit_exact(shape: list[int], data: st.DataObject) -> None:
    source, output = value_of(data, shape, "INT8"), value_of(data, shape, "INT8")
    assume(source.scale / 128 < output.scale)
    compare(one("HARD_SWISH", [source], [output]), data.draw(SEEDS))


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH"])
@EXAMPLES
@given(SCALES, ZEROS, SEEDS)
def test_saturating_int8_is_bit_exact(name: str, scale: float, zero_point: int, seed: int) -> None:
    source = Value((4, 100), "INT8", scale, zero_point)
    output = Value((4, 100), "INT8", 1 / 256 if name == "LOGISTIC" else 1 / 128, -128 if name == "LOGISTIC" else 0)
    compare(one(name, [source], [output]), seed)


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH"])
@EXAMPLES
@given(st.one_of(st.floats(1e-5, 2e-3), st.sampled_from([2**-10, 2**-11, 2**-12, 2**-13])), SEEDS)
def test_saturating_int16_is_bit_exact(name: str, scale: float, seed: int) -> None:
    source, output = Value((4, 100), "INT16", scale), Value((4, 100), "INT16", 2**-15)
    compare(one(name, [source], [output]), seed)


@EXAMPLES
@given(SHAPES, st.floats(0.0005, 1), ZEROS, st.sampled_from(["INT8", "INT16"]), SEEDS)
def test_softmax_int8_is_bit_exact(
    shape: list[int], scale: float, zero_point: int, output_type: str, seed: int
) -> None:
    scale_out, zero_out = (1 / 256, -128) if output_type == "INT8" else (1 / 65536, -32768)
    source, output = Value(shape, "INT8", scale, zero_point), Value(shape, output_type, scale_out, zero_out)
    compare(one("SOFTMAX", [source], [output], beta=1.0), seed)


@EXAMPLES
@given(SHAPES, st.floats(1e-5, 1e-2), st.sampled_from([0.5, 1.0, 2.0]), SEEDS)
def test_softmax_int16_is_bit_exact(shape: list[int], scale: float, beta: float, seed: int) -> None:
    source, output = Value(shape, "INT16", scale), Value(shape, "INT16", 2**-15)
    compare(one("SOFTMAX", [source], [output], beta=beta), seed)


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH", "SOFTMAX", "RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH"])
def test_function_of_floats_is_close(name: str) -> None:
    options = {"SOFTMAX": {"beta": 1.0}, "LEAKY_RELU": {"alpha": 0.2}}.get(name, {})
    source, output = Value((3, 50), "FLOAT32"), Value((3, 50), "FLOAT32")
    compare(one(name, [source], [output], **options), 3, **CLOSE)


@EXAMPLES
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), TYPES, st.booleans(), st.booleans(), st.data())
def test_mean_is_bit_exact(shape: list[int], type_: str, keep: bool, same: bool, data: st.DataObject) -> None:
    source = value_of(data, shape, type_)
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    kept = reduced(shape, axes, keep)
    output = Value(kept, type_, source.scale, source.zero_point) if same else value_of(data, kept, type_)
    compare(one("MEAN", [source, constant(axes)], [output], keep_dims=keep), data.draw(SEEDS))


@EXAMPLES
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.booleans(), st.data())
def test_reduce_max_is_bit_exact(shape: list[int], keep: bool, data: st.DataObject) -> None:
    source = value_of(data, shape, "INT8")
    axes = data.draw(st.lists(st.integers(-len(shape), -1), min_size=1, unique=True))
    output = Value(reduced(shape, axes, keep), "INT8", source.scale, source.zero_point)
    compare(one("REDUCE_MAX", [source, constant(axes)], [output], keep_dims=keep), data.draw(SEEDS))


@pytest.mark.parametrize("name", ["MEAN", "REDUCE_MAX"])
def test_reduction_of_floats_is_close(name: str) -> None:
    source, output = Value((2, 5, 7, 3), "FLOAT32"), Value((2, 3), "FLOAT32")
    compare(one(name, [source, constant([1, 2])], [output]), 4, **CLOSE)


def reduced(shape: list[int], axes: list[int], keep: bool) -> list[int]:
    found = {axis % len(shape) for axis in axes}
    return [1 if axis in found else size for axis, size in enumerate(shape) if keep or axis not in found]


@EXAMPLES
@given(
    SHAPES,
    st.sampled_from([
        ("FLOAT32", "INT8"), ("FLOAT32", "INT16"), ("INT8", "INT8"), ("INT8", "INT16"), ("INT8", "INT32"),
        ("INT16", "INT8"), ("INT16", "INT16"), ("INT16", "INT32"), ("INT32", "INT8"), ("INT32", "INT16"),
        ("INT8", "UINT8"), ("UINT8", "INT8"),
    ]),
    st.data(),
)  # fmt: skip
def test_quantize_is_bit_exact(shape: list[int], types: tuple[str, str], data: st.DataObject) -> None:
    source, output = (value_of(data, shape, type_) for type_ in types)
    if types[0] == "FLOAT32":
        source.scale = None
    compare(one("QUANTIZE", [source], [output]), data.draw(SEEDS))


@pytest.mark.parametrize("type_", ["INT8", "INT16"])
def test_quantize_rounds_halves_as_tflm(type_: str) -> None:
    halves = np.arange(-300, 300, dtype=np.float32) / 4
    model = one("QUANTIZE", [Value(halves.shape, "FLOAT32")], [Value(halves.shape, type_, 0.5)])
    np.testing.assert_array_equal(Interpreter(read_model(model)).run(halves)[0], micro_run(micro(model), halves)[0])


@EXAMPLES
@given(SHAPES, st.sampled_from(["INT8", "INT16", "UINT8"]), st.data())
def test_dequantize_is_bit_exact(shape: list[int], type_: str, data: st.DataObject) -> None:
    source = value_of(data, shape, type_)
    compare(one("DEQUANTIZE", [source], [Value(shape, "FLOAT32")]), data.draw(SEEDS))


def test_dequantize_of_channels_is_exact() -> None:
    """TFLM takes the first scale for all channels; weights that are stored as integers need their own."""
    weights = Value((3, 2), "INT8", [0.5, 0.25], dimension=1)
    (got,) = Interpreter(read_model(one("DEQUANTIZE", [weights], [Value((3, 2), "FLOAT32")]))).run(
        np.array([[1, 2], [-3, 4], [5, -6]], np.int8)
    )
    np.testing.assert_array_equal(got, [[0.5, 0.5], [-1.5, 1.0], [2.5, -1.5]])
