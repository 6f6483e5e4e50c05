"""The split by speaker."""

from collections import Counter

from edgeasr.data.split import split_of


def test_split_of_divides_about_80_10_10() -> None:
    counts = Counter(split_of(f"speaker {number}") for number in range(5000))
    assert 0.78 < counts["train"] / 5000 < 0.82
    assert 0.08 < counts["dev"] / 5000 < 0.12
    assert 0.08 < counts["test"] / 5000 < 0.12


def test_split_of_never_changes() -> None:
    names = ("george", "en-us+f3", "x0", "x1", "x11", "x17", "x19")
    assert [split_of(name) for name in names] == ["train", "train", "train", "test", "test", "dev", "dev"]
