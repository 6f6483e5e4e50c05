"""Every operator in C, bit for bit as `tflite-micro`, over the random models that the NumPy kernels are tested with."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgeasr_firmware.boards import Board
from tests.firmware.batch import SANITISERS, Batch
from tests.tflite import test_convolution as convolution
from tests.tflite import test_elements as elements
from tests.tflite import test_layout as layout

CASES: list[tuple[ModuleType, str, dict[str, Any]]] = [
    (convolution, "test_conv_int8_is_bit_exact", {}),
    (convolution, "test_depthwise_conv_int8_is_bit_exact", {}),
    (convolution, "test_conv_int16_is_bit_exact", {}),
    (convolution, "test_fully_connected_int8_is_bit_exact", {}),
    (convolution, "test_fully_connected_int8_rounds_alike_where_the_last_bit_decides", {}),
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
    (layout, "test_transpose_is_bit_exact", {}),
    (layout, "test_concatenation_and_splits_are_bit_exact", {}),
    (layout, "test_pack_and_unpack_are_bit_exact", {}),
    (layout, "test_slice_is_bit_exact", {}),
    (layout, "test_strided_slice_is_bit_exact", {}),
    (layout, "test_pad_is_bit_exact", {}),
    (layout, "test_space_and_batch_are_bit_exact", {}),
    (layout, "test_lstm_is_bit_exact_over_runs", {}),
]


def collect(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, arguments: dict[str, Any]) -> Batch:
    batch = Batch()
    monkeypatch.setattr(module, "compare", batch.compare)
    getattr(module, name)(**arguments)
    print(len(batch.models), "models,", len(batch.refused), "refused", set(batch.refused))
    return batch


@pytest.mark.parametrize(("module", "name", "arguments"), CASES)
def test_operator_on_host_is_bit_exact(
    module: ModuleType, name: str, arguments: dict[str, Any], on_board: Callable[[str], Board], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    batch = collect(monkeypatch, module, name, arguments)
    assert batch.models
    batch.check(on_board("host"), tmp_path, SANITISERS)
