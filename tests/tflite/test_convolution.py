"""Convolution, fully connected layers and pooling, bit for bit those of `tflite-micro`."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tflite.builder import Value, compare, constant, draw, one

SCALES = st.floats(0.002, 0.2)
ZEROS = st.integers(-128, 127)
ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU_N1_TO_1", "RELU6"])
SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = settings(max_examples=40, deadline=None)


@st.composite
def windowed(draw: Any) -> tuple[dict[str, Any], tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Draw options of a window, the sizes of image and window, and the number of windows."""
    options = {"padding": draw(st.sampled_from(["SAME", "VALID"]))}
    image, window, count = [], [], []
    for axis in "hw":
        stride, size = draw(st.integers(1, 3)), draw(st.integers(1, 4))
        dilation = draw(st.integers(1, 3))
        span = (size - 1) * dilation + 1
        length = draw(st.integers(1 if options["padding"] == "SAME" else span, 12))
        options |= {f"stride_{axis}": stride, f"dilation_{axis}_factor": dilation}
        image.append(length)
        window.append(size)
        count.append(-(-(length if options["padding"] == "SAME" else length - span + 1) // stride))
    return options, tuple(image), tuple(window), tuple(count)


def weights_of(rng: np.random.Generator, shape: tuple[int, ...], axis: int, type_: str = "INT8") -> Value:
    scales = rng.uniform(0.001, 0.05, shape[axis])
    limit = 7 if type_ == "INT4" else 127
    data = rng.integers(-limit, limit, shape, np.int8, endpoint=True)
    if type_ == "INT4":
        flat = np.append(data.reshape(-1), np.zeros(data.size % 2, np.int8)).view(np.uint8) & 15
        data = flat[::2] | flat[1::2] << 4
    return Value(shape, type_, scales, 0, axis, data)


def bias_of(rng: np.random.Generator, count: int, type_: str) -> Value:
    limit = 1 << (40 if type_ == "int64" else 14)
    return constant(rng.integers(-limit, limit, count), type_, scale=np.full(count, 1e-4))


@EXAMPLES
@given(windowed(), st.integers(1, 2), st.integers(1, 3), st.integers(1, 5), st.integers(1, 2), st.booleans(), st.data())
def test_conv_int8_is_bit_exact(
    area: Any, batch: int, depth: int, outputs: int, groups: int, biased: bool, data: st.DataObject
) -> None:
    options, image, window, count = area
    rng = np.random.default_rng(data.draw(SEEDS))
    source = Value((batch, *image, depth * groups), "INT8", data.draw(SCALES), data.draw(ZEROS))
    output = Value((batch, *count, outputs * groups), "INT8", data.draw(SCALES), data.draw(ZEROS))
    weights = weights_of(rng, (outputs * groups, *window, depth), 0)
    inputs = [source, weights, *([bias_of(rng, outputs * groups, "int32")] if biased else [])]
    options["fused_activation_function"] = data.draw(ACTIVATIONS)
    compare(one("CONV_2D", inputs, [output], **options), data.draw(SEEDS))


@EXAMPLES
@given(windowed(), st.sampled_from(["int32", "int64", None]), st.sampled_from(["CONV_2D", "DEPTHWISE_CONV_2D"]), SEEDS)
def test_conv_int16_is_bit_exact(area: Any, bias: str | None, name: str, seed: int) -> None:
    if name == "DEPTHWISE_CONV_2D" and bias == "int32":
        bias = "int64"  # what TFLM reads it as
    options, image, window, count = area
    rng = np.random.default_rng(seed)
    source = Value((1, *image, 3), "INT16", rng.uniform(1e-5, 1e-3))
    output = Value((1, *count, 6), "INT16", rng.uniform(1e-4, 1e-2))
    weights = weights_of(rng, (6, *window, 3) if name == "CONV_2D" else (1, *window, 6), 0 if name == "CONV_2D" else 3)
    inputs = [source, weights, *([bias_of(rng, 6, bias)] if bias else [])]
    if name == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = 2
    compare(one(name, inputs, [output], **options), seed)


@EXAMPLES
@given(windowed(), st.integers(1, 3), st.integers(1, 4), st.booleans(), st.sampled_from(["INT8", "INT4"]), st.data())
def test_depthwise_conv_int8_is_bit_exact(
    area: Any, channels: int, multiplier: int, biased: bool, type_: str, data: st.DataObject
) -> None:
    options, image, window, count = area
    rng = np.random.default_rng(data.draw(SEEDS))
    source = Value((2, *image, channels), "INT8", data.draw(SCALES), data.draw(ZEROS))
    output = Value((2, *count, channels * multiplier), "INT8", data.draw(SCALES), data.draw(ZEROS))
    weights = weights_of(rng, (1, *window, channels * multiplier), 3, type_)
    inputs = [source, weights, *([bias_of(rng, channels * multiplier, "int32")] if biased else [])]
    options |= {"fused_activation_function": data.draw(ACTIVATIONS), "depth_multiplier": multiplier}
    compare(one("DEPTHWISE_CONV_2D", inputs, [output], **options), data.draw(SEEDS))


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@settings(max_examples=15, deadline=None)
@given(windowed(), ACTIVATIONS, SEEDS)
def test_conv_float_is_close(name: str, area: Any, activation: str, seed: int) -> None:
    options, image, window, count = area
    rng = np.random.default_rng(seed)
    shape = (4, *window, 2) if name == "CONV_2D" else (1, *window, 4)
    options |= {"fused_activation_function": activation}
    if name == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = 2
    weights, bias = constant(draw(rng, shape, "f4"), "float32"), constant(draw(rng, (4,), "f4"), "float32")
    source, output = Value((1, *image, 2), "FLOAT32"), Value((1, *count, 4), "FLOAT32")
    compare(one(name, [source, weights, bias], [output], **options), seed, rtol=1e-5, atol=1e-4)


@EXAMPLES
@given(st.integers(1, 3), st.integers(1, 20), st.integers(1, 9), st.booleans(), st.booleans(), ACTIVATIONS, st.data())
def test_fully_connected_int8_is_bit_exact(
    batch: int, size: int, outputs: int, biased: bool, per_channel: bool, activation: str, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(SEEDS))
    source = Value((batch, size), "INT8", data.draw(SCALES), data.draw(ZEROS))
    output = Value((batch, outputs), "INT8", data.draw(SCALES), data.draw(ZEROS))
    weights = weights_of(rng, (outputs, size), 0)
    if not per_channel:
        weights.scale = data.draw(SCALES)
    bias = constant(rng.integers(-9999, 9999, outputs), scale=source.scale * np.max(weights.scale))
    model = one("FULLY_CONNECTED", [source, weights, bias if biased else None], [output],
                fused_activation_function=activation)  # fmt: skip
    compare(model, data.draw(SEEDS))


def test_fully_connected_int8_rounds_alike_where_the_last_bit_decides() -> None:
    """Sums that come to rest a millionth beside a half: a multiplier derived in float32 would round them otherwise."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scales = rng.uniform(1e-5, 1e-4, 2).astype(np.float32), np.float32(rng.uniform(0.1, 1))
        ratio = float(scales[0][0]) * float(scales[0][1]) / float(scales[1])
        halves = np.arange(-100, 100) + 0.5
        sums = (np.round(halves / ratio)[:, None] + np.arange(-3, 4)).reshape(-1)
        bias = constant(sums[np.abs(sums) < 2**31 - 1], scale=float(scales[0][0]) * float(scales[0][1]))
        weights = constant(np.zeros((bias.shape[0], 1)), "int8", scale=scales[0][1])
        source, output = Value((1, 1), "INT8", scales[0][0]), Value((1, bias.shape[0]), "INT8", scales[1])
        compare(one("FULLY_CONNECTED", [source, weights, bias], [output]), seed)


@pytest.mark.parametrize("ratio", [1 - 2.0**-18, 1 - 2.0**-14, 2 - 2.0**-16])
def test_fully_connected_int16_has_no_larger_multiplier_than_15_bits(ratio: float) -> None:
    rng = np.random.default_rng(0)
    weights = constant(rng.integers(-3, 3, (9, 2)), "int8", scale=2.0**-10)
    source, output = Value((200, 2), "INT16", ratio * 2.0**-6), Value((200, 9), "INT16", 2.0**-15)
    compare(one("FULLY_CONNECTED", [source, weights, None], [output]), 0)


@EXAMPLES
@given(st.integers(1, 20), st.integers(1, 9), st.booleans(), SEEDS)
def test_fully_connected_int16_is_bit_exact(size: int, outputs: int, biased: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, output = Value((2, size), "INT16", rng.uniform(1e-5, 1e-3)), Value((2, outputs), "INT16", 1e-3)
    weights = weights_of(rng, (outputs, size), 0)
    weights.scale = rng.uniform(0.001, 0.05)
    bias = constant(rng.integers(-(2**36), 2**36, outputs), "int64", scale=source.scale * weights.scale)
    compare(one("FULLY_CONNECTED", [source, weights, bias if biased else None], [output]), seed)


def test_fully_connected_float_is_close() -> None:
    rng = np.random.default_rng(0)
    weights, bias = constant(draw(rng, (5, 12), "f4"), "float32"), constant(draw(rng, (5,), "f4"), "float32")
    source, output = Value((3, 12), "FLOAT32"), Value((3, 5), "FLOAT32")
    model = one("FULLY_CONNECTED", [source, weights, bias], [output], fused_activation_function="RELU")
    compare(model, 0, rtol=1e-5, atol=1e-5)


def test_activation_limit_rounds_alike_where_the_last_bit_decides() -> None:
    """Scales that 6 is a multiple of and a half: TFLM divides in float32."""
    for steps in range(1000, 32000, 500):
        scale = float(np.float32(6 / (steps + 0.5)))
        source, output = Value((1, 1, 1, 40), "INT16", scale), Value((1, 1, 1, 40), "INT16", scale)
        options = {"filter_height": 1, "filter_width": 1, "stride_h": 1, "stride_w": 1}
        compare(one("MAX_POOL_2D", [source], [output], fused_activation_function="RELU6", **options), 0)


@pytest.mark.parametrize("name", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@EXAMPLES
@given(windowed(), st.integers(1, 4), st.sampled_from(["INT8", "INT16", "FLOAT32"]), ACTIVATIONS, st.data())
def test_pool_is_bit_exact(
    name: str, area: Any, channels: int, type_: str, activation: str, data: st.DataObject
) -> None:
    options, image, window, _ = area
    del options["dilation_h_factor"], options["dilation_w_factor"]
    lengths = [max(pair) for pair in zip(image, window, strict=True)]
    if options["padding"] == "VALID":
        count = [-(-(length - size + 1) // options[f"stride_{axis}"])
                 for length, size, axis in zip(lengths, window, "hw", strict=True)]  # fmt: skip
    else:
        count = [-(-length // options[f"stride_{axis}"]) for length, axis in zip(lengths, "hw", strict=True)]
    zero_point = data.draw(ZEROS) if type_ == "INT8" else 0
    scale = None if type_ == "FLOAT32" else data.draw(SCALES)
    source = Value((2, *lengths, channels), type_, scale, zero_point)
    output = Value((2, *count, channels), type_, scale, zero_point)
    options |= {"filter_height": window[0], "filter_width": window[1], "fused_activation_function": activation}
    tolerance = {"rtol": 1e-6, "atol": 1e-6} if type_ == "FLOAT32" else {}
    compare(one(name, [source], [output], **options), data.draw(SEEDS), **tolerance)
