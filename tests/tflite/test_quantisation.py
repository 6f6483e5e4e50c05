"""Multipliers are what they stand for, to 31 bits, and stay inside what the kernels can shift."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.errors import ArtefactError
from edgeasr.tflite import Tensor, quantisation


def tensor(scale: float) -> Tensor:
    scales, zeros = np.array([scale], np.float32), np.zeros(1, np.int64)
    return Tensor(0, "t", (1,), "INT8", np.dtype(np.int8), scales, zeros, 0, None, False)


@given(st.floats(2.0**-31, 2.0**30))
def test_multiplier_stands_for_its_number(real: float) -> None:
    value, shift = quantisation.quantise_multiplier(real)
    assert 2**30 <= value < 2**31
    assert math.isclose(value * 2.0 ** (shift - 31), real, rel_tol=2.0**-31)
    assert quantisation.quantise_multiplier(-real) == (-value, shift)


def test_multiplier_out_of_range_is_zero_or_refused() -> None:
    assert quantisation.quantise_multiplier(0.0) == quantisation.quantise_multiplier(2.0**-33) == (0, 0)
    assert quantisation.quantise_multiplier(1 - 2.0**-40) == (2**30, 1)
    with pytest.raises(ArtefactError, match=r"expected scales with a ratio below 2\^31, got 4\.29e\+09"):
        quantisation.quantise_multiplier(2.0**32)


@given(st.integers(-28, 20), st.integers(1, 1 << 20))
def test_mean_divides_by_the_count_and_never_shifts_by_more_than_31(power: int, count: int) -> None:
    value, shift = quantisation.mean(tensor(2.0**power), tensor(1.0), count)
    assert shift >= -31
    assert 0 <= value < 2**31
    assert math.isclose(value * 2.0 ** (shift - 31) * count, 2.0**power, rel_tol=2.0**-12)


def test_activation_that_cannot_be_fused_is_refused() -> None:
    with pytest.raises(ArtefactError, match="expected a fused activation among NONE, RELU, .* got TANH"):
        quantisation.activation_range("TANH", np.float32(0.1), 0, np.dtype(np.int8))
