"""WAV and other audio files: every format in, one clear line for every bad one."""

import contextlib
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import decode_clip, is_clipped, open_blocks, read_clip, write_wav
from edgeasr.errors import AudioError

NOISE = np.random.default_rng(0).uniform(-0.9, 0.9, 1601).astype(np.float32)


def wav_bytes(
    data: bytes,
    bits: int,
    channels: int = 1,
    rate_hz: int = 16000,
    tag: int = 1,
    data_bytes: int | None = None,
) -> bytes:
    """Put a header before samples; `data_bytes` is what it claims."""
    frame_bytes = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, bits)
    if tag == 0xFFFE:
        form += struct.pack("<HHIH", 22, bits, 0, 1) + b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # odd, so padded: readers must skip the pad byte too
    chunks += b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data) if data_bytes is None else data_bytes)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) + len(data)) + b"WAVE" + chunks + data


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_read_clip_gives_what_libsndfile_gives(tmp_path: Path, subtype: str, channels: int) -> None:
    soundfile = pytest.importorskip("soundfile")
    frames = np.random.default_rng(1).uniform(-1, 1, (500, channels))
    soundfile.write(tmp_path / "x.wav", frames, 44100, subtype=subtype)
    expected = soundfile.read(tmp_path / "x.wav", dtype="float32", always_2d=True)[0].mean(axis=1)

    clip = read_clip(tmp_path / "x.wav")

    assert clip.sample_rate_hz == 44100
    assert clip.samples.dtype == np.float32
    np.testing.assert_allclose(clip.samples, expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("x.flac", "PCM_16", 2**-15),
        ("x.wav", "FLOAT", 0),
        ("x.wav", "DOUBLE", 1e-7),
        ("x.aiff", "PCM_24", 2**-22),
    ],
)
def test_read_clip_reads_other_formats_by_soundfile(tmp_path: Path, name: str, subtype: str, tolerance: float) -> None:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / name, NOISE, 16000, subtype=subtype)
    np.testing.assert_allclose(read_clip(tmp_path / name).samples, NOISE, atol=tolerance, rtol=0)


def test_read_clip_reads_ogg_stereo_at_any_rate(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    tone = np.sin(np.arange(44100) * 0.05).astype(np.float32)
    soundfile.write(tmp_path / "x.ogg", np.stack([tone, tone], axis=1) * 0.5, 44100)
    clip = read_clip(tmp_path / "x.ogg")
    assert clip.sample_rate_hz == 44100
    assert np.abs(clip.samples - tone * 0.5).max() < 0.05


def test_read_clip_reads_extensible_pcm_and_skips_other_chunks() -> None:
    pcm = np.arange(-50, 50, dtype="<i2") * 300
    for tag in (1, 0xFFFE):
        clip = decode_clip(wav_bytes(pcm.tobytes(), 16, tag=tag), "x")
        np.testing.assert_array_equal(clip.samples, pcm / np.float32(32768))


def test_read_clip_of_pcm_imports_no_audio_package(tmp_path: Path) -> None:
    write_wav(tmp_path / "x.wav", Clip(NOISE, 16000))
    code = (
        "import sys; from pathlib import Path; from edgeasr.audio.wav import read_clip, open_blocks\n"
        f"path = Path({str(tmp_path / 'x.wav')!r}); read_clip(path); list(open_blocks(path, 100)[1])\n"
        "assert not {'soundfile', 'soxr', 'librosa'} & set(sys.modules), sys.modules.keys()"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_write_wav_keeps_16_bit_samples_exactly(tmp_path_factory: pytest.TempPathFactory, pcm: list[int]) -> None:
    path = tmp_path_factory.mktemp("wav") / "x.wav"
    samples = np.array(pcm, np.float32) / 32768
    write_wav(path, Clip(samples, 8000))
    clip = read_clip(path)
    assert clip.sample_rate_hz == 8000
    np.testing.assert_array_equal(clip.samples, samples)


def test_write_wav_clips_beyond_full_scale(tmp_path: Path) -> None:
    write_wav(tmp_path / "x.wav", Clip(np.array([3, -3, 1], np.float32), 8000))
    np.testing.assert_array_equal(
        read_clip(tmp_path / "x.wav").samples, np.array([32767, -32768, 32767], np.float32) / 32768
    )


def test_write_wav_refuses_nan_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"before")
    with pytest.raises(AudioError, match=r"x\.wav: expected finite samples, got 1 that are NaN"):
        write_wav(tmp_path / "x.wav", Clip(np.array([0, np.nan], np.float32), 8000))
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]
    assert (tmp_path / "x.wav").read_bytes() == b"before"


SOUND = np.arange(100, dtype="<i2").tobytes()
BAD_FILES = {
    "empty": (b"", "got an empty one"),
    "text": (b"this is not audio, it is text\n" * 20, "expected audio .WAV, FLAC, OGG., got something else"),
    "truncated": (wav_bytes(SOUND, 16, data_bytes=400), "cut off: its header promises 200 samples, 100 came"),
    "truncated-stereo": (wav_bytes(SOUND, 16, 2, data_bytes=400), "promises 100 samples, 50 came"),
    "truncated-float": (wav_bytes(SOUND, 32, tag=3, data_bytes=400), "promises 100 samples, 50 came"),
    "no-samples": (wav_bytes(b"", 16), "expected sound, got 0 samples"),
    "header-only": (wav_bytes(SOUND, 16)[:30], "cut off: a WAV file without a data chunk"),
    "no-format": (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "does not say its format"),
    "no-rate": (wav_bytes(SOUND, 16, rate_hz=0), "1 channels at 0 Hz"),
    "no-channels": (wav_bytes(SOUND, 16, channels=0), "0 channels at 16000 Hz"),
    "nan": (
        wav_bytes(np.array([0, np.nan, np.inf], "<f4").tobytes(), 32, tag=3),
        "got 2 that are NaN or inf",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_reading_a_bad_file_is_one_clear_line(tmp_path: Path, kind: str) -> None:
    data, message = BAD_FILES[kind]
    (tmp_path / "bad.wav").write_bytes(data)
    with pytest.raises(AudioError, match=message) as caught:
        read_clip(tmp_path / "bad.wav")
    assert "bad.wav" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(AudioError, match=message):
        decode_clip(data, "bad.wav")
    with pytest.raises(AudioError, match=message):
        list(open_blocks(tmp_path / "bad.wav", 10)[1])


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.wav", "No such file"), (".", "got a folder"), ("/dev/null", "got a device or pipe")],
)
def test_reading_what_is_no_file_is_one_clear_line(tmp_path: Path, name: str, message: str) -> None:
    for read in (read_clip, lambda path: open_blocks(path, 10)):
        with pytest.raises(AudioError, match=f"expected an audio file.*{message}"):
            read(tmp_path / name)


def test_read_clip_refuses_raw_samples_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.raw").write_bytes(SOUND)
    with pytest.raises(AudioError, match=r"x\.raw: expected audio .* got something else \(no header\)"):
        read_clip(tmp_path / "x.raw")


def test_read_clip_says_that_a_flac_is_truncated(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "x.flac", np.tile(NOISE, 20), 16000)
    whole = (tmp_path / "x.flac").read_bytes()
    (tmp_path / "x.flac").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match=r"x\.flac: (cut off|damaged)"):
        read_clip(tmp_path / "x.flac")


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_decode_clip_of_any_damage_raises_nothing_but_audio_errors(data: st.DataObject) -> None:
    whole = bytearray(wav_bytes(SOUND, 16))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(1, len(whole)))])
    with contextlib.suppress(AudioError):
        assert len(decode_clip(damaged, "x").samples) > 0


def eight_hours(path: Path) -> Path:
    """Make a sparse file of eight hours of silence at 16 kHz."""
    samples = 8 * 3600 * 16000
    header = wav_bytes(b"", 16, data_bytes=samples * 2)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + samples * 2)
    return path


def test_read_clip_refuses_eight_hours_without_loading_them(tmp_path: Path) -> None:
    path = eight_hours(tmp_path / "long.wav")
    tracemalloc.start()
    try:
        with pytest.raises(AudioError, match="expected at most 60 s of sound, got 28800 s"):
            read_clip(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_open_blocks_reads_eight_hours_block_by_block(tmp_path: Path) -> None:
    path = eight_hours(tmp_path / "long.wav")
    tracemalloc.start()
    try:
        rate_hz, blocks = open_blocks(path, 16000)
        lengths = {len(next(blocks)) for _ in range(50)}
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
        blocks.close()
    assert rate_hz == 16000
    assert lengths == {16000}


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 2000), st.sampled_from(["wav", "flac"]))
def test_open_blocks_together_are_the_clip(
    tmp_path_factory: pytest.TempPathFactory, block_samples: int, suffix: str
) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path_factory.mktemp("blocks") / f"x.{suffix}"
    soundfile.write(path, np.stack([NOISE, -NOISE / 2], axis=1), 22050, subtype="PCM_16")
    rate_hz, blocks = open_blocks(path, block_samples)
    parts = list(blocks)
    assert rate_hz == 22050
    assert all(len(part) == block_samples for part in parts[:-1])
    np.testing.assert_array_equal(np.concatenate(parts), read_clip(path).samples)


def test_open_blocks_reads_a_wav_of_unknown_length_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "piped.wav").write_bytes(wav_bytes(SOUND, 16, data_bytes=0xFFFFFFFF))
    _, blocks = open_blocks(tmp_path / "piped.wav", 30)
    assert [len(block) for block in blocks] == [30, 30, 30, 10]


def test_is_clipped_from_one_sample_in_a_hundred_at_full_scale() -> None:
    quiet = np.full(980, 0.5, np.float32)
    assert not is_clipped(quiet)
    assert not is_clipped(np.concatenate([quiet, np.ones(9, np.float32)]))
    assert is_clipped(np.concatenate([quiet, np.ones(10, np.float32), -np.ones(10, np.float32)]))
