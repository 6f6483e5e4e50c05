"""Noise: made of colours, or of the recordings of one split."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edgeasr.data.dataset import Split
from edgeasr.data.noise import coloured_noise, noise_bank
from edgeasr.errors import AudioError, DataError

RATE_HZ = 8000


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.0])
def test_coloured_noise_falls_with_frequency_as_its_colour_says(colour: float) -> None:
    noise = coloured_noise(1 << 16, colour, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(noise.astype(np.float64))) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(6, 15)]
    slope = np.polyfit(np.arange(6, 15), np.log2(octaves), 1)[0]
    assert slope == pytest.approx(-colour, abs=0.1)
    assert np.mean(np.square(noise)) == pytest.approx(1, rel=1e-4)


def test_noise_bank_is_always_the_same_and_of_unit_energy() -> None:
    bank = noise_bank("", RATE_HZ)
    np.testing.assert_array_equal(noise_bank("", RATE_HZ), bank)
    assert np.mean(np.square(bank, dtype=np.float64)) == pytest.approx(1, rel=1e-3)


def test_made_noise_of_each_split_is_its_own() -> None:
    banks = [noise_bank("", RATE_HZ, split) for split in get_args(Split)]
    np.testing.assert_array_equal(banks[0], noise_bank("", RATE_HZ))
    likeness = np.corrcoef(banks)[np.triu_indices(3, 1)]
    assert np.abs(likeness).max() < 0.2  # that of a bank with itself is 1


def test_noise_bank_takes_recordings_of_a_folder_or_a_zip(tmp_path: Path, make_clip: Callable[..., Path]) -> None:
    make_clip(tmp_path / "noise" / "a.wav", 3000, 8000)
    make_clip(tmp_path / "noise" / "sub" / "b.wav", 2000, 16000)
    (tmp_path / "noise" / "notes.txt").write_text("no audio")
    with zipfile.ZipFile(tmp_path / "noise.zip", "w") as archive:
        for file in sorted((tmp_path / "noise").rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path))
    banks = [noise_bank(str(tmp_path / name), RATE_HZ) for name in ("noise", "noise.zip")]
    assert len(banks[0]) == 4000
    np.testing.assert_array_equal(*banks)
    assert np.mean(np.square(banks[0], dtype=np.float64)) == pytest.approx(1, rel=1e-3)


def test_noise_bank_leaves_out_what_the_manifest_holds_out(tmp_path: Path, make_clip: Callable[..., Path]) -> None:
    make_clip(tmp_path / "a.wav", 3000)
    make_clip(tmp_path / "b.wav", 2000)
    (tmp_path / "manifest.csv").write_text("path,split\na.wav,test\nb.wav,train\n")
    assert len(noise_bank(str(tmp_path), RATE_HZ)) == 2000


@pytest.mark.parametrize(("recordings", "dev"), [(4, {0, 1, 2, 3}), (11, {4, 9})])
def test_noise_bank_holds_recordings_out_for_dev_where_the_manifest_does_not(
    tmp_path: Path, make_clip: Callable[..., Path], recordings: int, dev: set[int]
) -> None:
    for number in range(recordings):
        make_clip(tmp_path / f"{number}.wav", 2**number)
    rows = "".join(f"{number}.wav,train\n" for number in range(recordings))
    (tmp_path / "manifest.csv").write_text(f"path,split\n{rows}")
    train = set(range(recordings)) - (dev if recordings > len(dev) else set())
    for split, numbers in (("train", train), ("dev", dev)):
        assert len(noise_bank(str(tmp_path), RATE_HZ, split)) == sum(2**number for number in numbers)


def test_noise_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a folder or a zip of .wav"):
        noise_bank(str(tmp_path), RATE_HZ)
    with pytest.raises(DataError, match="none: no such folder or zip"):
        noise_bank(str(tmp_path / "none"), RATE_HZ)
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        noise_bank(str(tmp_path), RATE_HZ)


def test_real_noise_can_be_used(real: Callable[[str], Path]) -> None:
    train, dev = (len(noise_bank(str(real("noise.zip")), RATE_HZ, split)) / RATE_HZ for split in ("train", "dev"))
    assert 14 * 60 < train + dev < 17 * 60  # what the manifest does not hold out of 21 minutes
    assert 0.1 < dev / (train + dev) < 0.3
