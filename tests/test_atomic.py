"""Whole under its name, or not at all."""

import os
import stat
from pathlib import Path

import pytest

from edgeasr.atomic import check_writable, replacing, write_bytes, write_text


def write_folder(path: Path, text: str) -> None:
    with replacing(path) as scratch:
        scratch.mkdir()
        (scratch / "file").write_text(text)


def fail_at(call: int, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> list[int]:
    """Make the call-th `os.replace` from now raise; give a list that grows with each call."""
    calls: list[int] = []
    replace = os.replace

    def failing(source: Path, target: Path) -> None:
        calls.append(len(calls))
        if len(calls) == call:
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    return calls


def test_write_puts_the_content_there_and_nothing_beside_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "new" / "a", b"\x00\xff")
    write_text(tmp_path / "new" / "b", "ä\n")
    write_text(tmp_path / "new" / "b", "ö\n")
    assert (tmp_path / "new/a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "new/b").read_bytes() == b"\xc3\xb6\n"
    assert sorted(os.listdir(tmp_path / "new")) == ["a", "b"]


def test_write_gives_the_rights_that_an_ordinary_file_has(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_text("")
    write_text(tmp_path / "atomic", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "atomic")}
    assert len(modes) == 1


@pytest.mark.parametrize("name", ["bundle", "old", "bundle.old", ".hidden"])
def test_replacing_puts_a_folder_in_the_place_of_a_folder(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path / name, "first")
    (tmp_path / name / "other").write_text("")
    write_folder(tmp_path / name, "second")
    assert os.listdir(tmp_path) == [name]
    assert os.listdir(tmp_path / name) == ["file"]
    assert (tmp_path / name / "file").read_text() == "second"


def test_replacing_takes_the_current_folder_by_its_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_folder(Path("."), "text")
    assert os.listdir(tmp_path) == ["here"]
    assert (tmp_path / "here/file").read_text() == "text"


def test_replacing_writes_through_a_link_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write_text(tmp_path / "real/file", "first")
    (tmp_path / "link").symlink_to("real/file")
    write_text(tmp_path / "link", "second")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/file").read_text() == "second"


@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt()])
def test_replacing_leaves_everything_as_it_was_when_the_writer_fails(tmp_path: Path, error: BaseException) -> None:
    write_folder(tmp_path / "folder", "first")

    def fail() -> None:
        with replacing(tmp_path / "folder") as scratch:
            scratch.mkdir()
            (scratch / "file").write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert os.listdir(tmp_path) == ["folder"]
    assert (tmp_path / "folder/file").read_text() == "first"


@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", [1, 2])
def test_replacing_puts_the_old_folder_back_when_the_move_fails(
    tmp_path: Path, call: int, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "folder", "first")
    calls = fail_at(call, monkeypatch, error)
    with pytest.raises(type(error)):
        write_folder(tmp_path / "folder", "second")
    assert len(calls) == 2 * call - 1  # after the second move has failed, the first is undone
    assert os.listdir(tmp_path) == ["folder"]
    assert (tmp_path / "folder/file").read_text() == "first"


def test_replacing_refuses_to_finish_where_nothing_was_written(tmp_path: Path) -> None:
    write_folder(tmp_path / "folder", "first")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "folder"):
        pass
    assert (tmp_path / "folder/file").read_text() == "first"


def test_write_on_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    write_bytes(small_disk / "file", b"first")
    with pytest.raises(OSError, match="No space left"):
        write_bytes(small_disk / "file", bytes(200_000))
    assert os.listdir(small_disk) == ["file"]
    assert (small_disk / "file").read_bytes() == b"first"


def test_check_writable_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "folder" / "file")
    check_writable(tmp_path)
    assert not list(tmp_path.iterdir())


def test_check_writable_refuses_what_cannot_be_made_and_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotADirectoryError) as caught:
        check_writable(tmp_path / "file" / "new")
    assert caught.value.filename == str(tmp_path / "file" / "new")
