import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgeasr.audio.pcm import check_samples, from_bytes, to_float, to_int16
from edgeasr.errors import AudioError


@given(arrays(np.int16, st.integers(0, 50)))
def test_16_bit_samples_survive_the_way_to_floats_and_back(samples):
    floats = to_float(samples)
    assert floats.dtype == np.float32
    assert np.abs(floats).max(initial=0) <= 1
    np.testing.assert_array_equal(to_int16(floats), samples)


@pytest.mark.parametrize(
    ("raw", "width"),
    [
        (bytes([0, 64, 128, 255]), 1),
        (b"\0\x80\0\xc0\0\0\0\x7f", 2),
        (b"\0\0\x80\0\0\xc0\0\0\0\0\0\x7f", 3),
        (b"\0\0\0\x80\0\0\0\xc0\0\0\0\0\0\0\0\x7f", 4),
    ],
)
def test_from_bytes_reads_every_width_and_averages_channels(raw, width):
    assert from_bytes(raw, width).tolist() == [-1, -0.5, 0, 127 / 128]
    assert from_bytes(raw, width, 2).tolist() == [-0.75, 127 / 256]
    assert from_bytes(b"", width, 2).shape == (0,)


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
