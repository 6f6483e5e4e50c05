"""The files of a data set, whether they lie in a folder or in a zip."""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import decode_clip
from edgeasr.errors import DataError

__all__ = ["File", "empty_folders", "find_audio", "find_file", "find_local", "list_files"]


@dataclass(frozen=True)
class File:
    """One file of a data set; nothing of it is read before it is asked for.

    Attributes:
        where: its full name, for messages.
        content: reads the whole of it; a `DataError` where that fails.
    """

    where: str
    content: Callable[[], bytes]

    def clip(self, max_duration_s: float = 60) -> Clip:
        """Read it as sound.

        Raises:
            DataError: it cannot be read.
            AudioError: it is damaged, too long or no sound.
        """
        return decode_clip(self.content(), self.where, max_duration_s)

    def text(self) -> str:
        """Read it as UTF-8 text, with or without a byte order mark.

        Raises:
            DataError: it cannot be read, or is no such text.
        """
        try:
            return self.content().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{self.where}: expected UTF-8 text ({error.reason}): save it as UTF-8") from error


def list_files(path: str, expected: str) -> dict[str, File]:
    """List what lies in a folder, at any depth, or in a zip; hidden files and folders are left out.

    Args:
        path: the folder or the zip.
        expected: what should be there, for messages.

    Returns:
        The files by their names below `path`, with `/` between folders, in order.

    Raises:
        DataError: there is no such folder or zip, or it cannot be read.
    """
    root = Path(path)
    try:
        files = dict(_in_folder(root) if root.is_dir() else _in_zip(root))
    except OSError as error:
        raise DataError(f"{path}: expected {expected} ({error.strerror})") from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: expected {expected}, got no whole zip: copy it again, or unpack it first") from error
    return {name: files[name] for name in sorted(files) if not any(part[:1] == "." for part in name.split("/"))}


def find_file(files: Mapping[str, File], name: str, path: str) -> str | None:
    """Find a file by its name at the top or one level below.

    Returns:
        Its name among `files`; None where there is none.

    Raises:
        DataError: there is none at the top and more than one below, which are several data sets.
    """
    found = [other for other in files if PurePosixPath(other).name == name and other.count("/") < 2]
    if name in found:
        return name
    if len(found) > 1:
        raise DataError(f"{path}: expected one {name}, got {' and '.join(found)}: give one of their folders")
    return found[0] if found else None


def find_local(name: str) -> str | None:
    """Give the path of `name` in the folder that the environment variable EDGEASR_DATA names, if it is there."""
    folder = os.environ.get("EDGEASR_DATA")
    return str(Path(folder, name)) if folder and Path(folder, name).exists() else None


def find_audio(path: str) -> str:
    """Give the path of a folder or zip of sound: as it is, or in the folder that EDGEASR_DATA names.

    Raises:
        DataError: it is in neither.
    """
    found = path if Path(path).exists() else find_local(path)
    if found is None:
        raise DataError(f"{path}: no such folder or zip, here or in the folder that EDGEASR_DATA names")
    return found


def empty_folders(path: str) -> list[Path]:
    """List the folders below `path` that hold nothing, as an interrupted copy leaves them; a zip has none."""
    root = Path(path)
    return sorted(folder for folder, *inside in _walk(root) if not any(inside)) if root.is_dir() else []


def _walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk as `os.walk`, past hidden folders and through links, and stop at what cannot be read."""

    def refuse(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=refuse, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(folder), folders, names


def _in_folder(root: Path) -> Iterator[tuple[str, File]]:
    for folder, _, names in _walk(root):
        for name in names:
            path = folder / name
            yield path.relative_to(root).as_posix(), File(str(path), partial(_read, path))


def _in_zip(root: Path) -> Iterator[tuple[str, File]]:
    """Give the members of a zip, which stays open as long as one of them is held."""
    archive = zipfile.ZipFile(root)
    for member in archive.infolist():
        if not member.is_dir():
            where = f"{root}: {member.filename}"
            yield str(PurePosixPath(member.filename)), File(where, partial(_read_member, archive, member, where))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> bytes:
    try:
        return archive.read(member)
    # RuntimeError: it is encrypted; NotImplementedError, one of these: packed in a way that zipfile does not know
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{where}: damaged or locked ({error}): copy the archive again") from error
