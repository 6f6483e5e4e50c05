"""Downloads that resume: checked, retried, and whole under their name or not there at all."""

import contextlib
import hashlib
import http.client
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from edgeasr.errors import DataError

__all__ = ["fetch"]

_CHUNK_BYTES = 1 << 16
_WORTH_A_RETRY = (408, 429, 500, 502, 503, 504)  # the server's trouble of the moment, not a wrong address


def fetch(
    url: str,
    destination: Path,
    sha256: str | None = None,
    attempts: int = 5,
    timeout_s: float = 30,
    pause_s: float = 1,
) -> Path:
    """Download `url` to `destination`, going on where an earlier attempt or run broke off.

    What has come so far stands beside the destination under the same name and `.part`.

    Args:
        url: http or https address.
        destination: the file to write; one that is there already and has the checksum is not fetched again.
        sha256: expected checksum, lower-case hexadecimal; None takes what comes.
        attempts: how often to try before giving up.
        timeout_s: how long to wait for the server at any one moment.
        pause_s: wait before the second attempt; doubled before each further one.

    Returns:
        `destination`.

    Raises:
        DataError: the address does not exist, the server cannot be reached or keeps breaking off, the
            checksum is wrong, or the file cannot be written.
    """
    if destination.is_file() and sha256 in (None, _sha256(destination)):
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
        if sha256 is not None and (got := _sha256(part)) != sha256:
            part.unlink()
            raise DataError(f"{url}: expected a file with sha256 {sha256}, got {got}: try again, or report it")
        os.replace(part, destination)
    except OSError as error:
        raise DataError(f"cannot write {destination} ({error.strerror}): make room or choose another place") from error
    return destination


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
