"""Manifests: rows with their files, and every way in which the two do not fit, named with the line."""

from functools import partial

import pytest

from edgeasr.data.files import File
from edgeasr.data.manifest import Row, read_manifest
from edgeasr.errors import DataError


def read(text: str, *clips: str, columns: tuple[str, ...] = (), folder: str = "") -> list[Row] | None:
    files = {name: File(name, bytes) for name in clips}
    files[f"{folder}manifest.csv"] = File(f"set/{folder}manifest.csv", partial(bytes, text.encode()))
    return read_manifest(files, "set", columns)


def test_read_manifest_gives_rows_with_their_files() -> None:
    rows = read('path,text\r\n./b.wav,"yes, please"\r\na/c.wav,\r\n\r\n', "in/b.wav", "in/a/c.wav", folder="in/")
    assert rows is not None
    assert [(row.cells["text"], row.file.where) for row in rows] == [("yes, please", "in/b.wav"), ("", "in/a/c.wav")]
    assert rows[1].where == "set/in/manifest.csv: line 3"


def test_read_manifest_of_none_is_none() -> None:
    assert read_manifest({"a.wav": File("a.wav", bytes)}, "set", ()) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"manifest.csv: expected the columns path, got "),
        ("text\nyes\n", r"expected the columns path, got text"),
        ("path,text\n", r"manifest.csv: expected clips, got none"),
        ("path,text\na.wav,yes\nb.wav,no\n", r"line 3: no such file as 'b.wav': copy the data set again or delete"),
        ("path,text\n../set/a.wav,yes\n", r"line 2: no such file as '../set/a.wav'"),
        ("path,text\na.wav,yes\n./a.wav,yes\n", r"line 3: ./a.wav is listed twice"),
        ("path,text\na.wav\n", r"line 2: expected 2 cells"),
        ("path,text\na.wav,yes,no\n", r"line 2: expected 2 cells: quote cells that have commas"),
        ('path,text\na.wav,"yes\n', r"manifest.csv: expected CSV after line 1 \(unexpected end of data\)"),
    ],
)
def test_a_manifest_that_does_not_fit_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(text, "a.wav")
    assert "\n" not in str(caught.value)


def test_the_columns_that_are_asked_for_must_be_there() -> None:
    with pytest.raises(DataError, match=r"expected the columns speaker, split, got path, text"):
        read("path,text\na.wav,yes\n", "a.wav", columns=("text", "speaker", "split"))


def test_split_is_one_of_three_words() -> None:
    (row,) = read("path,split\na.wav,dev\n", "a.wav") or ()
    assert row.split() == "dev"
    (row,) = read("path,split\na.wav,valid\n", "a.wav") or ()
    with pytest.raises(DataError, match=r"line 2: expected the split train, dev or test, got 'valid'"):
        row.split()
