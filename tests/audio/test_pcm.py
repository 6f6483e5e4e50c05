import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgeasr.audio.pcm import check_samples, to_float, to_int16
from edgeasr.errors import AudioError


@given(arrays(np.int16, st.integers(0, 50)))
def test_16_bit_samples_survive_the_way_to_floats_and_back(samples):
    floats = to_float(samples)
    assert floats.dtype == np.float32
    assert np.abs(floats).max(initial=0) <= 1
    np.testing.assert_array_equal(to_int16(floats), samples)


def test_to_int16_rounds_and_clips():
    samples = np.array([-2, -1, -0.6 / 32768, 0, 0.6 / 32768, 32767 / 32768, 1, 2], np.float32)
    assert to_int16(samples).tolist() == [-32768, -32768, -1, 0, 1, 32767, 32767, 32767]
    assert to_int16(samples).dtype == np.dtype("<i2")


@pytest.mark.parametrize("samples", [np.zeros(3, np.float32), np.zeros(0), np.zeros(1, np.float16)])
def test_check_samples_takes_floats(samples):
    check_samples(samples)


@pytest.mark.parametrize(
    ("samples", "got"),
    [
        (np.zeros(160, np.int16), r"int16 \[160\]"),
        (np.zeros((160, 2), np.float32), r"float32 \[160, 2\]"),
        (np.float32(0.5), "float32"),
        ([0.0, 0.5], "list"),
        (b"\0\0", "bytes"),
    ],
)
def test_check_samples_refuses_what_is_no_mono_float(samples, got):
    with pytest.raises(AudioError, match=rf"expected mono samples, .* got {got}: divide 16-bit samples by 32768"):
        check_samples(samples)
