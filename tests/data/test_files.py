"""The files of a data set: the same from a folder and a zip, and clear where they cannot be read."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeasr.data.files import empty_folders, find_file, find_local, list_files
from edgeasr.errors import AudioError, DataError

Make = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, make_clip: Make) -> Path:
    make_clip(tmp_path / "set" / "b" / "yes.wav", samples=100)
    (tmp_path / "set" / "a.txt").write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9")
    for hidden in (".DS_Store", "b/._yes.wav", ".git/HEAD"):
        (tmp_path / "set" / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / "set" / hidden).write_text("hidden")
    return tmp_path / "set"


def packed(folder: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    path = folder.parent / "set.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


@pytest.mark.parametrize("compression", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_list_files_is_the_same_from_a_folder_and_a_zip(folder: Path, compression: int | None) -> None:
    path = folder if compression is None else packed(folder, compression)
    files = list_files(str(path), "a set")
    assert list(files) == ["a.txt", "b/yes.wav"]
    assert files["a.txt"].text() == "café"
    assert len(files["b/yes.wav"].clip().samples) == 100
    assert files["b/yes.wav"].where.startswith(str(path))
    assert files["b/yes.wav"].where.endswith("b/yes.wav")


def test_list_files_follows_links(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "set").symlink_to(folder, target_is_directory=True)
    assert list(list_files(str(tmp_path / "elsewhere"), "a set")) == ["set/a.txt", "set/b/yes.wav"]


@pytest.mark.parametrize("damage", ["missing", "text", "cut off"])
def test_list_files_of_no_folder_and_no_whole_zip_is_one_clear_line(folder: Path, damage: str) -> None:
    path = packed(folder)
    if damage == "missing":
        path.unlink()
    elif damage == "text":
        path.write_text("no zip")
    else:
        path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=rf"{path}: expected a set of clips.*(No such file|got no whole zip)") as caught:
        list_files(str(path), "a set of clips")
    assert "\n" not in str(caught.value)


def test_files_that_are_damaged_or_gone_are_named_when_they_are_read(folder: Path) -> None:
    path = packed(folder)
    path.write_bytes(path.read_bytes().replace(b"caf", b"cof"))
    with pytest.raises(DataError, match=rf"{path}: a\.txt: damaged or locked \(Bad CRC-32"):
        list_files(str(path), "a set")["a.txt"].content()

    files = list_files(str(folder), "a set")
    (folder / "b" / "yes.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"b/yes\.wav"):
        files["b/yes.wav"].clip()
    (folder / "b" / "yes.wav").unlink()
    with pytest.raises(DataError, match=r"b/yes\.wav: cannot be read \(No such file"):
        files["b/yes.wav"].clip()


def test_text_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"a\.txt: expected UTF-8 text \(.*\): save it as UTF-8"):
        list_files(str(folder), "a set")["a.txt"].text()


def test_a_clip_longer_than_expected_is_refused(folder: Path, make_clip: Make) -> None:
    make_clip(folder / "long.wav", samples=2000, sample_rate_hz=1000)
    long = list_files(str(folder), "a set")["long.wav"]
    assert long.clip().duration_s == 2
    with pytest.raises(AudioError, match=r"long\.wav: expected at most 1 s"):
        long.clip(max_duration_s=1)


def test_find_file_looks_at_the_top_and_one_level_below(tmp_path: Path) -> None:
    def found(*names: str) -> str | None:
        return find_file(dict.fromkeys(names), "list.txt", "set")  # type: ignore[arg-type]

    assert found("a.txt", "b/list.txt.bak") is None
    assert found("a/b/list.txt") is None
    assert found("a/list.txt") == "a/list.txt"
    assert found("a/list.txt", "list.txt", "b/list.txt") == "list.txt"
    with pytest.raises(DataError, match=r"set: expected one list.txt, got a/list.txt and b/list.txt: give one"):
        found("a/list.txt", "b/list.txt")


def test_find_local_looks_into_the_data_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set.zip").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    assert find_local("set.zip") is None
    monkeypatch.setenv("EDGEASR_DATA", str(tmp_path))
    assert find_local("set.zip") == str(tmp_path / "set.zip")
    assert find_local("other.zip") is None


def test_empty_folders_are_those_that_hold_nothing(folder: Path) -> None:
    (folder / "c" / "d").mkdir(parents=True)
    assert empty_folders(str(folder)) == [folder / "c" / "d"]
    assert empty_folders(str(packed(folder))) == []
