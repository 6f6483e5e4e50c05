"""The built-in model: small, whole, and copied before it is changed."""

import os
from pathlib import Path

import numpy as np
import pytest

from edgeasr import builtin
from edgeasr.builtin import copy_builtin
from edgeasr.bundle import Bundle
from edgeasr.data.fsdd import DIGITS
from edgeasr.data.synthetic import say
from edgeasr.errors import BundleError
from edgeasr.runtime import load
from edgeasr.spot import Spotter


def test_builtin_is_a_bundle_of_the_ten_digits_under_a_megabyte() -> None:
    manifest = Bundle.open(builtin.BUILTIN).manifest
    assert (manifest.model, manifest.labels) == ("ds-cnn", DIGITS)
    assert manifest.artefacts == ()
    assert sum(path.stat().st_size for path in builtin.BUILTIN.rglob("*")) < 1_000_000


def test_builtin_says_whose_data_it_was_trained_on() -> None:
    assert "CC BY-SA 4.0" in Bundle.open(builtin.BUILTIN).manifest.licence


def test_copy_builtin_makes_a_bundle_that_can_be_added_to(tmp_path: Path) -> None:
    made = copy_builtin(tmp_path / "new" / "digits")
    assert made.manifest == Bundle.open(builtin.BUILTIN).manifest
    assert sorted(os.listdir(made.path)) == sorted(os.listdir(builtin.BUILTIN))
    assert os.access(made.model_path, os.W_OK)


def test_copy_builtin_keeps_a_copy_that_is_there_already(tmp_path: Path) -> None:
    first = copy_builtin(tmp_path / "digits")
    (first.path / "notes.txt").write_text("mine")
    assert copy_builtin(tmp_path / "digits") == first
    assert (first.path / "notes.txt").read_text() == "mine"


def test_copy_builtin_refuses_another_model_at_its_place(tmp_path: Path) -> None:
    first = copy_builtin(tmp_path / "digits")

    class Other:
        def save(self, path: Path) -> None:
            path.write_bytes(b"other weights")

    Bundle.create(first.path, first.manifest, Other(), first.samples())
    with pytest.raises(BundleError, match="holds another model than the built-in one: choose another --out"):
        copy_builtin(first.path)


def test_copy_builtin_refuses_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match="not a bundle"):
        copy_builtin(tmp_path)
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_copy_builtin_on_a_full_disk_leaves_nothing(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        copy_builtin(small_disk / "digits")
    assert str(caught.value.filename2).startswith(str(small_disk))
    assert os.listdir(small_disk) == []


@pytest.mark.parametrize("level_dbfs", [-200, -60, -40, -20])
def test_builtin_hears_no_digit_in_silence_and_white_noise(exported: Bundle, level_dbfs: int) -> None:
    (artefact,) = exported.path.glob("*.int8.tflite")
    spotter = Spotter(load(artefact))
    noise = np.random.default_rng(0).standard_normal(60 * spotter.sample_rate_hz, np.float32) * 10 ** (level_dbfs / 20)
    assert spotter.feed(noise.astype(np.float32)) == []


def test_builtin_hears_the_digits_that_are_spoken(exported: Bundle) -> None:
    from edgeasr.audio.resample import resample

    (artefact,) = exported.path.glob("*.int8.tflite")
    spotter = Spotter(load(artefact))
    words = ("three", "seven", "one", "six")
    spoken = [np.pad(resample(say(word), spotter.sample_rate_hz).samples, 8000) for word in words]
    events = spotter.feed(np.concatenate(spoken)) + spotter.finish()
    assert [event.label for event in events] == list(words)
