"""The data set of wake words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.data import load_dataset
from edgeasr.errors import DataError


def test_wake_words_keeps_speakers_on_one_side(real: Callable[[str], Path]) -> None:
    dataset = load_dataset(f"wake-words:{real('wake_words.zip')}")
    assert dataset.labels == ("alexa", "computer", "jarvis")
    assert len(dataset.examples) == 740
    splits = {split: {example.speaker for example in dataset.of_split(split)} for split in ("train", "dev", "test")}
    assert not splits["train"] & splits["dev"]
    assert not splits["test"] & (splits["train"] | splits["dev"])


def test_wake_words_without_a_manifest_says_what_it_expects(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a folder or zip with a manifest.csv"):
        load_dataset(f"wake-words:{tmp_path}")


def test_wake_words_that_are_nowhere_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    with pytest.raises(DataError, match=r"give wake_words\.zip as wake-words:PATH"):
        load_dataset("wake-words")
