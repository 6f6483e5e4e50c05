import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio.clip import Clip
from edgeasr.audio.source import amplified, file_blocks, stdin_blocks
from edgeasr.audio.wav import write_wav
from edgeasr.errors import AudioError

PCM = np.random.default_rng(0).integers(-20000, 20000, 5000).astype("<i2")
FLOAT = PCM.astype(np.float32) / 32768


def unexpected(message):
    raise AssertionError(message)


class Trickle(io.RawIOBase):
    """A pipe whose writer hands over a few bytes at a time."""

    def __init__(self, data, sizes):
        self._data, self._sizes = data, iter(sizes)

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), next(self._sizes, 1000))
        piece, self._data = self._data[:size], self._data[size:]
        buffer[: len(piece)] = piece
        return len(piece)


def test_file_blocks_are_the_file(tmp_path):
    write_wav(tmp_path / "clip.wav", Clip(FLOAT, 16000))
    blocks = list(file_blocks(tmp_path / "clip.wav", 16000, 1600))
    assert max(map(len, blocks)) == 1600
    np.testing.assert_array_equal(np.concatenate(blocks), FLOAT)


def test_file_blocks_are_resampled_to_the_rate_of_the_model(tmp_path):
    time = np.arange(22050) / 44100
    write_wav(tmp_path / "clip.wav", Clip(np.sin(2 * np.pi * 440 * time).astype(np.float32) / 2, 44100))
    audio = np.concatenate(list(file_blocks(tmp_path / "clip.wav", 16000, 1600)))
    assert len(audio) == pytest.approx(8000, abs=2)
    assert np.abs(np.fft.rfft(audio[:8000])).argmax() == 220


def test_file_blocks_of_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(AudioError, match=r"absent\.wav"):
        next(file_blocks(tmp_path / "absent.wav", 16000, 1600))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 4000), max_size=50))
def test_stdin_blocks_do_not_depend_on_how_the_bytes_come(sizes):
    stream = io.BufferedReader(Trickle(PCM.tobytes(), sizes))
    blocks = list(stdin_blocks(stream, 16000, 16000, 1600, unexpected))
    assert [len(block) for block in blocks] == [1600, 1600, 1600, 200, 0]
    assert blocks[0].dtype == np.float32
    np.testing.assert_array_equal(np.concatenate(blocks), FLOAT)


def test_stdin_blocks_are_resampled():
    audio = np.concatenate(list(stdin_blocks(io.BytesIO(PCM.tobytes()), 8000, 16000, 800, unexpected)))
    assert len(audio) == pytest.approx(2 * len(PCM), abs=2)


@pytest.mark.parametrize("samples", [2400, 1600])  # the odd byte in a block with others, and alone
def test_stdin_blocks_note_half_a_sample_and_keep_the_rest(samples):
    notes = []
    data = PCM[:samples].tobytes() + b"\x07"
    audio = np.concatenate(list(stdin_blocks(io.BytesIO(data), 16000, 16000, 1600, notes.append)))
    np.testing.assert_array_equal(audio, FLOAT[:samples])
    assert notes == ["standard input ended in the middle of a sample: the last byte is left out"]


@pytest.mark.parametrize("data", [b"", b"\x01"])
def test_stdin_blocks_refuse_no_audio(data):
    with pytest.raises(AudioError, match="expected raw 16-bit mono audio, got none"):
        next(stdin_blocks(io.BytesIO(data), 16000, 16000, 1600, unexpected))


def test_stdin_blocks_refuse_a_wav_file():
    with pytest.raises(AudioError, match="got a WAV file"):
        next(stdin_blocks(io.BytesIO(b"RIFF" + bytes(100)), 16000, 16000, 1600, unexpected))


def test_amplified_blocks_are_louder_and_clipped_at_full_scale():
    blocks = list(amplified((block for block in FLOAT.reshape(5, -1)), 12))
    np.testing.assert_allclose(np.concatenate(blocks), np.clip(FLOAT * 10 ** (12 / 20), -1, 1), rtol=1e-6)
    assert max(map(np.max, blocks)) == 1
