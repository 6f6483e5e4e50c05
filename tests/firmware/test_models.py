"""Whole models of other people in C: on this computer and on emulated boards, beside `tflite-micro`."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.data import load_dataset
from edgeasr.data.arrays import load_inputs
from edgeasr_firmware.boards import Board
from edgeasr_firmware.check import Check, check_firmware
from edgeasr_firmware.export import Firmware, write_firmware
from edgeasr_firmware.inputs import feature_inputs, random_inputs
from tests.firmware.batch import SANITISERS, Batch
from tests.tflite.builder import Step, Value, constant, write

Real = Callable[[str], Path]
OnBoard = Callable[[str], Board]

REST = [pytest.param(name, marks=pytest.mark.slow) for name in ("cortex-m0", "cortex-m7", "cortex-m33")]
KWS = "models/mlperf_kws_int8.tflite"
EVERY_CORE = ("host", "cortex-m0", "cortex-m3", "cortex-m4f", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32")
STREAMING = ("models/mww_okay_nabu.tflite", "models/mww_vad.tflite")


def kws_inputs(firmware: Firmware, real: Real, count: int) -> list[tuple[np.ndarray, ...]]:
    dataset = load_dataset(f"mlperf-kws:{real('mlperf_tiny_kws01.zip')}")
    features, _ = load_inputs(dataset.labelled("test")[:count], dataset.labels, None, None)
    return list(feature_inputs([tensor for tensor, _ in firmware.program.inputs], features, count))


def run_kws(board: Board, folder: Path, real: Real, count: int) -> tuple[Firmware, Check]:
    firmware = write_firmware(real(KWS), board, folder / "kws")
    return firmware, check_firmware(firmware, board, kws_inputs(firmware, real, count))


# arm-none-eabi-gcc 12.2 -O2: the exact count of the first map: to be lowered with every change that lowers it
INSTRUCTIONS = {
    "cortex-m3": 8_948_951,
    "cortex-m4f": 4_895_426,
    "cortex-m55": 1_477_893,
    "riscv32": 14_687_914,
    "rp2040": 21_686_251,
    "unicorn-m4f": 4_895_426,
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_kws_on_board_is_bit_exact_within_its_budget(name: str, tmp_path: Path, real: Real, on_board: OnBoard) -> None:
    count = 10 if on_board(name).emulator.startswith("qemu") else 2  # the others are slow
    firmware, check = run_kws(on_board(name), tmp_path, real, count)
    assert (check.oracle, check.inputs, check.wrong) == ("tflite-micro", count, 0)
    assert check.instructions == INSTRUCTIONS[name]
    assert firmware.plan.arena_bytes == 9952
    assert check.sizes.flash_bytes <= 36_100
    assert check.stack_bytes is not None
    assert check.stack_bytes <= 400


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_CORE)
def test_kws_is_bit_exact_on_all_1000_maps(name: str, tmp_path: Path, real: Real, on_board: OnBoard) -> None:
    _, check = run_kws(on_board(name), tmp_path, real, 1000)
    assert (check.inputs, check.wrong) == (1000, 0)


@pytest.mark.parametrize("name", ["host", "cortex-m4f", "cortex-m55"])
@pytest.mark.parametrize("path", STREAMING)
def test_streaming_model_is_bit_exact_over_a_stream(
    path: str, name: str, tmp_path: Path, real: Real, on_board: OnBoard
) -> None:
    firmware = write_firmware(real(path), on_board(name), tmp_path / "stream")
    inputs = random_inputs([tensor for tensor, _ in firmware.program.inputs], 40)
    assert check_firmware(firmware, on_board(name), inputs).wrong == 0


def test_model_compiled_by_clang_is_bit_exact(
    tmp_path: Path, real: Real, on_board: OnBoard, need: Callable[[str], None]
) -> None:
    need("clang")
    _, check = run_kws(dataclasses.replace(on_board("host"), compiler="clang"), tmp_path, real, 20)
    assert check.wrong == 0


def test_wrong_weight_is_found_by_the_check(tmp_path: Path, real: Real, on_board: OnBoard) -> None:
    firmware = write_firmware(real(KWS), on_board("host"), tmp_path / "kws")
    source = firmware.folder / "model.c"
    text = source.read_text()
    start = re.search(r"weights_\d+\[\d+\] = \{\n    (-?\d+),", text)
    assert start
    source.write_text(text[: start.start(1)] + str((int(start[1]) + 90) % 127) + text[start.end(1) :])
    assert check_firmware(firmware, on_board("host"), kws_inputs(firmware, real, 5)).wrong > 0


def residual_model() -> bytes:
    """Write a network of mobile blocks on a larger image: strides, a residual sum, a mean."""
    rng = np.random.default_rng(0)
    steps: list[Step] = []

    def layer(
        name: str, source: Value, kernel: int, channels: int, stride: int = 1, activation: str = "RELU6"
    ) -> Value:
        depth = source.shape[3]
        shape = (1, kernel, kernel, channels) if name[0] == "D" else (channels, kernel, kernel, depth)
        scales = rng.uniform(0.002, 0.01, channels)
        weights = Value(shape, "INT8", scales, 0, 3 if name[0] == "D" else 0,
                        rng.integers(-127, 127, shape, np.int8, endpoint=True))  # fmt: skip
        bias = constant(rng.integers(-3000, 3000, channels), scale=scales * source.scale)
        size = [-(-side // stride) for side in source.shape[1:3]]
        output = Value((1, *size, channels), "INT8", 0.03, -128 if activation != "NONE" else 9)
        options = {"padding": "SAME", "stride_h": stride, "stride_w": stride, "dilation_h_factor": 1,
                   "dilation_w_factor": 1, "fused_activation_function": activation}  # fmt: skip
        if name[0] == "D":
            options["depth_multiplier"] = 1
        steps.append(Step(name, [source, weights, bias], [output], options))
        return output

    def add(name: str, inputs: list[Value], output: Value, **options: object) -> Value:
        steps.append(Step(name, inputs, [output], options))
        return output

    image = Value((1, 40, 36, 3), "INT8", 0.02, -3)
    stem = layer("CONV_2D", image, 3, 10, stride=2)
    block = layer("CONV_2D", layer("DEPTHWISE_CONV_2D", stem, 3, 10), 1, 10, activation="NONE")
    summed = add("ADD", [stem, block], Value(block.shape, "INT8", 0.05, -20))
    small = layer("CONV_2D", layer("DEPTHWISE_CONV_2D", summed, 3, 10, stride=2), 1, 18)
    mean = add("MEAN", [small, constant([1, 2])], Value((1, 18), "INT8", 0.02, -100))
    matrix = constant(rng.integers(-127, 127, (5, 18)), "int8", scale=0.01)
    scores = add("FULLY_CONNECTED", [mean, matrix], Value((1, 5), "INT8", 0.05, 4))
    return write((steps, [image], [scores]))


@pytest.mark.parametrize("name", ["host", "cortex-m3", "cortex-m4f", "cortex-m55", "riscv32", "rp2040", *REST])
def test_residual_network_is_bit_exact(name: str, tmp_path: Path, on_board: OnBoard) -> None:
    batch = Batch()
    batch.compare(residual_model(), 0, runs=3)
    program, plan, _, _ = batch.models[0]
    assert plan.arena_bytes == plan.bound_bytes
    assert any(step.source == "ea_depthwise" and step.in_place for step in program.steps)
    batch.check(on_board(name), tmp_path, SANITISERS if name == "host" else ())


@pytest.mark.parametrize("between", ["RESHAPE", "STRIDED_SLICE"])
def test_value_read_from_a_variable_stays_when_the_variable_changes(
    between: str, tmp_path: Path, on_board: OnBoard
) -> None:
    name = {"container": "", "shared_name": "last"}
    source, last, output = (Value((4,), "INT8", 0.1, 7) for _ in range(3))
    view, flat, handle = Value((4,), "INT8", 0.1, 7), Value((4,), "INT8", 0.1, 7), Value([], "RESOURCE")
    ends = [constant([4])] if between == "RESHAPE" else [constant([0]), constant([4]), constant([1])]
    steps = [
        Step("VAR_HANDLE", [], [handle], name),
        Step("READ_VARIABLE", [handle], [last], {}),
        Step(between, [last, *ends], [view], {}),
        Step("RESHAPE", [view, constant([4])], [flat], {}),
        Step("ASSIGN_VARIABLE", [handle, source], [], {}),
        Step("ADD", [source, flat], [output], {}),
    ]
    batch = Batch()
    batch.compare(write((steps, [source], [output])), 0, runs=4)
    batch.check(on_board("host"), tmp_path, SANITISERS)


def test_shape_that_is_computed_of_sizes_is_known(tmp_path: Path, on_board: OnBoard) -> None:
    source, flat = Value((2, 3, 4), "INT8", 0.1, 7), Value((2, 12), "INT8", 0.1, 7)
    output = Value((2, 12), "INT8", 0.1, -128)
    sizes, first, shape = Value((3,), "INT32"), Value((), "INT32"), Value((2,), "INT32")
    ends = [constant([0]), constant([1]), constant([1])]
    steps = [
        Step("SHAPE", [source], [sizes], {"out_type": "INT32"}),
        Step("STRIDED_SLICE", [sizes, *ends], [first], {"shrink_axis_mask": 1}),
        Step("PACK", [first, constant(12)], [shape], {"axis": 0, "values_count": 2}),
        Step("RESHAPE", [source, shape], [flat], {}),
        Step("RELU", [flat], [output], {}),
    ]
    batch = Batch()
    batch.compare(write((steps, [source], [output])), 0)
    assert len(batch.models[0][0].steps) == 1
    batch.check(on_board("host"), tmp_path, SANITISERS)
