"""Every operator in C, bit for bit as `tflite-micro`, over the random models that the NumPy kernels are tested with."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgeasr_firmware.boards import COMPILER_FLAGS, Board
from edgeasr_firmware.codegen.lower import OPERATORS
from edgeasr_firmware.codegen.operators import dense
from edgeasr_firmware.export import KERNELS
from tests.firmware.batch import SANITISERS, Batch
from tests.tflite import test_convolution as convolution
from tests.tflite import test_elements as elements
from tests.tflite import test_layout as layout
from tests.tflite.builder import Value, one

CASES: list[tuple[ModuleType, str, dict[str, Any]]] = [
    (convolution, "test_conv_int8_is_bit_exact", {}),
    (convolution, "test_depthwise_conv_int8_is_bit_exact", {}),
    (convolution, "test_conv_int16_is_bit_exact", {}),
    (convolution, "test_fully_connected_int8_is_bit_exact", {}),
    (convolution, "test_fully_connected_int16_is_bit_exact", {}),
    (convolution, "test_fully_connected_int8_rounds_alike_where_the_last_bit_decides", {}),
    *((convolution, "test_pool_is_bit_exact", {"name": name}) for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D")),
    *((elements, "test_arithmetic_is_bit_exact", {"name": name}) for name in ("ADD", "SUB", "MUL")),
    *((elements, "test_relu_is_bit_exact", {"name": name}) for name in ("RELU", "RELU6", "LEAKY_RELU")),
    (elements, "test_hard_swish_is_bit_exact", {}),
    *((elements, "test_saturating_int8_is_bit_exact", {"name": name}) for name in ("LOGISTIC", "TANH")),
    *((elements, "test_saturating_int16_is_bit_exact", {"name": name}) for name in ("LOGISTIC", "TANH")),
    (elements, "test_softmax_int8_is_bit_exact", {}),
    (elements, "test_softmax_int16_is_bit_exact", {}),
    (elements, "test_mean_is_bit_exact", {}),
    (elements, "test_reduce_max_is_bit_exact", {}),
    (elements, "test_quantize_is_bit_exact", {}),
    (elements, "test_dequantize_is_bit_exact", {}),
    (layout, "test_reshapes_are_bit_exact", {}),
    (layout, "test_shape_is_exact", {}),
    (layout, "test_transpose_is_bit_exact", {}),
    (layout, "test_concatenation_and_splits_are_bit_exact", {}),
    (layout, "test_pack_and_unpack_are_bit_exact", {}),
    (layout, "test_slice_is_bit_exact", {}),
    (layout, "test_strided_slice_is_bit_exact", {}),
    (layout, "test_pad_is_bit_exact", {}),
    (layout, "test_space_and_batch_are_bit_exact", {}),
    (layout, "test_lstm_is_bit_exact_over_runs", {}),
]
COMPUTED = [case for case in CASES if case[1] != "test_shape_is_exact"]  # a shape alone is a constant, no code


REST = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("cortex-m0", "cortex-m3", "cortex-m7", "cortex-m33", "riscv32")
]
OF_STATE = {"CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"}  # whole models in test_models.py


@pytest.fixture(scope="module")
def some_of_each() -> Batch:
    """Give a few random models of every operator."""
    batch = Batch(most=4)
    for module, name, arguments in CASES:
        batch.collect(module, name, **arguments)
    return batch


@pytest.mark.parametrize("name", ["host", "cortex-m4f", "cortex-m55", *REST])
def test_operators_are_bit_exact(
    name: str, some_of_each: Batch, on_board: Callable[[str], Board], tmp_path: Path
) -> None:
    some_of_each.check(on_board(name), tmp_path, SANITISERS if name == "host" else ())


@pytest.mark.parametrize("name", ["host", "cortex-m4f", "cortex-m55"])
def test_depthwise_in_bands_of_one_row_is_bit_exact(
    name: str, on_board: Callable[[str], Board], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large images are computed band by band, and in place: small ones are, too, if a band may hold nothing."""
    monkeypatch.setattr(dense, "_BAND_BYTES", 0)
    rng, batch = np.random.default_rng(0), Batch()
    for kernel, stride, size in [((3, 3), 1, (9, 5)), ((3, 3), 2, (9, 6)), ((5, 2), 1, (8, 7)), ((2, 4), 3, (11, 9))]:
        for padding in ("SAME", "VALID"):
            source = Value((1, *size, 7), "INT8", 0.1, 11)
            spans = kernel if padding == "VALID" else (1, 1)
            count = [-(-(length - span + 1) // stride) for length, span in zip(size, spans, strict=True)]
            weights = convolution.weights_of(rng, (1, *kernel, 7), 3)
            options = {"padding": padding, "stride_h": stride, "stride_w": stride, "depth_multiplier": 1,
                       "dilation_h_factor": 1, "dilation_w_factor": 1}  # fmt: skip
            batch.compare(one("DEPTHWISE_CONV_2D", [source, weights], [Value((1, *count, 7), "INT8", 0.3, -20)],
                              **options), 1)  # fmt: skip
    assert all(dict(program.structs[0].fields)["band_rows"] == "1" for program, *_ in batch.models)
    assert any(len({plan.offsets["t0"], plan.offsets["t2"]}) == 1 for _, plan, *_ in batch.models)  # in place
    batch.check(on_board(name), tmp_path, SANITISERS if name == "host" else ())


@pytest.mark.parametrize("name", ["host", "cortex-m4f", "cortex-m0"])
def test_floats_that_int8_models_keep_are_bit_exact(
    name: str, on_board: Callable[[str], Board], tmp_path: Path
) -> None:
    """The cell of an LSTM, which adds up: the core may have an FPU or not."""
    batch = Batch()
    for operator in ("ADD", "SUB", "MUL"):
        for activation in ("NONE", "RELU", "RELU6"):
            values = [Value(shape, "FLOAT32") for shape in ((2, 3, 4), (3, 1), (2, 3, 4))]
            batch.compare(one(operator, values[:2], values[2:], fused_activation_function=activation), 1)
    for operator in ("RELU", "RELU6"):
        batch.compare(one(operator, [Value((5, 7), "FLOAT32")], [Value((5, 7), "FLOAT32")]), 1)
    assert len(batch.models) == 11
    batch.check(on_board(name), tmp_path, SANITISERS if name == "host" else ())


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_compile_without_a_warning(compiler: str, need: Callable[[str], None], tmp_path: Path) -> None:
    need(compiler)
    sources = map(str, sorted(KERNELS.glob("*.c")))
    done = subprocess.run([compiler, *COMPILER_FLAGS, "-c", *sources], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_operators_are_all_tested(some_of_each: Batch) -> None:
    assert set(OPERATORS) - some_of_each.operators == OF_STATE


def test_operators_that_are_refused_say_why(some_of_each: Batch) -> None:
    reasons = {reason.partition(": ")[2] for reason in some_of_each.refused}
    assert all(" expected " in reason for reason in reasons)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["host", "cortex-m4f", "cortex-m55"])
@pytest.mark.parametrize(("module", "name", "arguments"), COMPUTED)
def test_operator_is_bit_exact_over_many_models(
    module: ModuleType, name: str, arguments: dict[str, Any], board: str, on_board: Callable[[str], Board],
    tmp_path: Path,
) -> None:  # fmt: skip
    batch = Batch()
    batch.collect(module, name, **arguments)
    batch.check(on_board(board), tmp_path, SANITISERS if board == "host" else ())
