"""Downloads that resume: checked, retried, and whole under their name or not there at all."""

import contextlib
import hashlib
import http.client
import os
import re
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.errors import DataError

__all__ = ["cache_folder", "fetch", "fetch_cached", "fetch_folder"]

_CHUNK_BYTES = 1 << 16
_WORTH_A_RETRY = (408, 429, 500, 502, 503, 504)  # the server's trouble of the moment, not a wrong address


def fetch(
    url: str,
    destination: Path,
    checksum: str | None = None,
    attempts: int = 5,
    timeout_s: float = 30,
    pause_s: float = 1,
) -> Path:
    """Download `url` to `destination`, going on where an earlier attempt or run broke off.

    What has come so far stands beside the destination under the same name and `.part`.

    Args:
        url: http or https address.
        destination: the file to write; one that is there already and has the checksum is not fetched again.
        checksum: `sha256:` or `md5:` and lower-case hexadecimal; None takes what comes.
        attempts: how often to try before giving up.
        timeout_s: how long to wait for the server at any one moment.
        pause_s: wait before the second attempt; doubled before each further one.

    Returns:
        `destination`.

    Raises:
        DataError: the address does not exist, the server cannot be reached or keeps breaking off, the
            checksum is wrong, or the file cannot be written.
    """
    if destination.is_file() and (checksum is None or _checksum(destination, checksum) == checksum):
        return destination
    part = destination.with_name(destination.name + ".part")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(attempts):
            if attempt:
                time.sleep(pause_s * 2 ** (attempt - 1))
            trouble = _try(url, part, timeout_s)
            if trouble is None:
                break
        else:
            raise DataError(f"cannot download {url} ({trouble}; tried {attempts} times): run it again to go on")
        if checksum is not None and (got := _checksum(part, checksum)) != checksum:
            part.unlink()
            raise DataError(f"{url}: expected a file with {checksum}, got {got}: try again, or report it")
        os.replace(part, destination)
    except OSError as error:
        raise DataError(f"cannot write {destination} ({error.strerror}): make room or choose another place") from error
    return destination


def fetch_cached(dataset: str, url: str, name: str, checksum: str | None = None) -> Path:
    """Download a file of a data set into the user's cache folder, once, or say how else to give the data set.

    Args:
        dataset: its name on the command line.
        url: where the file is.
        name: what to call it in the cache.
        checksum: as `fetch`.

    Returns:
        The file.

    Raises:
        DataError: as `fetch`.
    """
    try:
        return fetch(url, cache_folder() / name, checksum)
    except DataError as error:
        raise DataError(f"{error}, or give the data set as {dataset}:PATH, or its folder as EDGEASR_DATA") from error


def fetch_folder(dataset: str, url: str, name: str, checksum: str) -> Path:
    """Download a tar archive as `fetch_cached` does and unpack it beside; the archive itself is not kept.

    Returns:
        The folder `name` in the cache, with all that is in the archive.

    Raises:
        DataError: as `fetch`, or there is no room to unpack.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    archive = fetch_cached(dataset, url, f"{name}.tar.gz", checksum)
    try:
        with replacing(folder) as scratch:
            _unpack(archive, scratch)
    except OSError as error:
        raise DataError(f"cannot unpack {archive} ({error.strerror}): make room") from error
    archive.unlink()
    return folder


def cache_folder() -> Path:
    """Give the folder that keeps what was downloaded, and may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgeasr"


def _unpack(archive: Path, folder: Path) -> None:
    with (
        archive.open("rb") as file,
        tarfile.open(fileobj=file) as tar,
        _progress(f"unpacking {archive.name}", archive.stat().st_size, 0) as advance,
    ):
        # Not passed as `filter`, which the first releases of Python 3.11 do not know.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        folder.mkdir()
        done = 0
        for member in tar:
            tar.extract(member, folder)
            advance(file.tell() - done)
            done = file.tell()


def _try(url: str, part: Path, timeout_s: float) -> str | None:
    """Bring `part` up to the whole file; return what went wrong where another attempt may help."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "edgeasr"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # nothing lies beyond what is here: it is all, or it belongs to another file
                return None if _total_bytes(error.headers.get("Content-Range")) == have else _discard(part)
            if error.code in _WORTH_A_RETRY:
                return f"HTTP {error.code} {error.reason}"
            raise DataError(f"cannot download {url}: HTTP {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:  # URLError, which is an OSError, wraps the rest
        return str(getattr(error, "reason", error)) or type(error).__name__
    with response:
        resumed = response.status == 206
        if resumed and not (response.headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
            return _discard(part)
        length = response.headers.get("Content-Length")
        expected = None if length is None else int(length) + (have if resumed else 0)
        with (
            part.open("ab" if resumed else "wb") as file,
            _progress(part.stem, expected, file.tell()) as advance,
        ):
            while True:
                try:
                    block = response.read(_CHUNK_BYTES)
                except (OSError, http.client.HTTPException) as error:
                    return str(error) or type(error).__name__
                if not block:
                    break
                file.write(block)
                advance(len(block))
            if expected is not None and file.tell() < expected:
                return f"the server broke off after {file.tell()} of {expected} bytes"
    return None


def _discard(part: Path) -> str:
    part.unlink()
    return "what was there did not belong to this file"


def _total_bytes(content_range: str | None) -> int | None:
    found = re.fullmatch(r"bytes \*/(\d+)", content_range or "")
    return int(found[1]) if found else None


def _checksum(path: Path, like: str) -> str:
    """Sum up a file by the algorithm that another checksum names."""
    algorithm = like.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


@contextlib.contextmanager
def _progress(name: str, total_bytes: int | None, have_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr if that is a terminal; yields the function that moves it on."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=total_bytes, completed=have_bytes)
        yield lambda count: progress.advance(task, count)
