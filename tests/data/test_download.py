"""Downloads against a real server on the loopback: resumed, checked, atomic, and clear when they fail."""

import hashlib
import http.server
import io
import re
import sys
import tarfile
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edgeasr.data import download
from edgeasr.data.download import fetch, fetch_cached, fetch_folder
from edgeasr.errors import DataError

CONTENT = bytes(range(256)) * 1000
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A server that behaves as told, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    ranges: bool = True
    break_after: list[int] = field(default_factory=list)  # bytes sent before the connection drops, one an answer
    statuses: list[int] = field(default_factory=list)  # errors to answer with first
    length: bool = True
    asked: list[str | None] = field(default_factory=list)  # the Range header of each request


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.asked.append(self.headers["Range"])
            self.close_connection = True
            if state.statuses:
                self.send_error(state.statuses.pop(0))
                return
            start = 0
            if state.ranges and self.headers["Range"]:
                start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
                if start >= len(state.content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(state.content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            else:
                self.send_response(200)
            body = state.content[start:]
            kept = state.break_after.pop(0) if state.break_after else len(body)
            if state.length:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:kept])
            else:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%s" % (len(body), body[:kept]))
                if kept == len(body):
                    self.wfile.write(b"\r\n0\r\n\r\n")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{listener.server_port}/set.tar"
        yield state
        listener.shutdown()
        thread.join()


def test_fetch_writes_the_file_whole(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "new" / "set.tar"
    assert fetch(server.url, path, SHA256) == path
    assert path.read_bytes() == CONTENT
    assert [other.name for other in path.parent.iterdir()] == ["set.tar"]
    assert server.asked == [None]


def test_fetch_shows_progress_on_a_terminal_and_keeps_stdout_clean(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert fetch(server.url, tmp_path / "set.tar", SHA256).read_bytes() == CONTENT
    shown = capsys.readouterr()
    assert "set.tar" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("length", [True, False])
def test_fetch_resumes_after_a_drop(server: Server, tmp_path: Path, length: bool) -> None:
    server.break_after, server.length = [100_000, 50_000], length
    assert fetch(server.url, tmp_path / "set.tar", SHA256, pause_s=0).read_bytes() == CONTENT
    assert len(server.asked) == 3
    if length:
        assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_fetch_resumes_what_another_run_left(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.tar.part").write_bytes(CONTENT[:99])
    assert fetch(server.url, tmp_path / "set.tar").read_bytes() == CONTENT
    assert server.asked == ["bytes=99-"]


def test_fetch_starts_again_where_the_server_ignores_ranges(server: Server, tmp_path: Path) -> None:
    server.ranges, server.break_after = False, [100_000]
    assert fetch(server.url, tmp_path / "set.tar", SHA256, pause_s=0).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]


def test_fetch_takes_a_part_that_is_already_whole(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.tar.part").write_bytes(CONTENT)
    assert fetch(server.url, tmp_path / "set.tar", SHA256).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-"]


def test_fetch_drops_a_part_longer_than_the_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.tar.part").write_bytes(CONTENT + b"more")
    assert fetch(server.url, tmp_path / "set.tar", SHA256, pause_s=0).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT) + 4}-", None]


@pytest.mark.parametrize("checksum", [SHA256, f"md5:{hashlib.md5(CONTENT).hexdigest()}", None])
def test_fetch_does_not_ask_for_what_is_there(server: Server, tmp_path: Path, checksum: str | None) -> None:
    (tmp_path / "set.tar").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "set.tar", checksum)
    assert server.asked == []


def test_fetch_replaces_a_file_with_another_checksum(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.tar").write_bytes(b"old")
    assert fetch(server.url, tmp_path / "set.tar", SHA256).read_bytes() == CONTENT


def test_fetch_refuses_a_wrong_checksum_and_keeps_what_was_there(server: Server, tmp_path: Path) -> None:
    wrong = "sha256:" + "0" * 64
    (tmp_path / "set.tar").write_bytes(b"old")
    with pytest.raises(DataError, match=f"expected a file with {wrong}, got {SHA256}: try again"):
        fetch(server.url, tmp_path / "set.tar", wrong)
    assert [path.name for path in tmp_path.iterdir()] == ["set.tar"]
    assert (tmp_path / "set.tar").read_bytes() == b"old"


@pytest.mark.parametrize("status", [403, 404])
def test_fetch_gives_up_at_once_on_a_wrong_address(server: Server, tmp_path: Path, status: int) -> None:
    server.statuses = [status] * 5
    with pytest.raises(DataError, match=f"set.tar: HTTP {status} ") as caught:
        fetch(server.url, tmp_path / "set.tar")
    assert len(server.asked) == 1
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_fetch_tries_again_when_the_server_is_busy(server: Server, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    assert fetch(server.url, tmp_path / "set.tar", SHA256, pause_s=0).read_bytes() == CONTENT
    assert len(server.asked) == 3


def test_fetch_gives_up_in_the_end_and_keeps_what_came(server: Server, tmp_path: Path) -> None:
    server.break_after = [1000, 1000, 1000]
    message = f"broke off after 3000 of {len(CONTENT)} bytes; tried 3 times.: run it again to go on"
    with pytest.raises(DataError, match=message):
        fetch(server.url, tmp_path / "set.tar", attempts=3, pause_s=0)
    assert (tmp_path / "set.tar.part").read_bytes() == CONTENT[:3000]
    assert not (tmp_path / "set.tar").exists()


def test_fetch_waits_longer_before_each_attempt(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    server.statuses = [500] * 4
    with pytest.raises(DataError, match="HTTP 500"):
        fetch(server.url, tmp_path / "set.tar", attempts=4, pause_s=3)
    assert waits == [3, 6, 12]


def test_fetch_says_that_nobody_answers(server: Server, tmp_path: Path) -> None:
    closed = "http://127.0.0.1:9/set.tar"  # the discard port: nothing listens
    with pytest.raises(DataError, match=r"cannot download http.*refused.*tried 2 times"):
        fetch(closed, tmp_path / "set.tar", attempts=2, pause_s=0)


def test_fetch_does_not_wait_for_ever(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def never_answer(request: object, timeout: float) -> None:
        waited.append(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib.request, "urlopen", never_answer)
    with pytest.raises(DataError, match="timed out; tried 2 times"):
        fetch(server.url, tmp_path / "set.tar", attempts=2, timeout_s=7, pause_s=0)
    assert waited == [7, 7]


def test_fetch_says_that_it_cannot_write(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write .*: make room or choose another place"):
        fetch(server.url, tmp_path / "file" / "set.tar")


def packed(**texts: str) -> bytes:
    """Pack files into a tar.gz, each in the folder `set`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(f"set/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "edgeasr"


def test_fetch_cached_puts_it_into_the_cache_or_says_how_else_to_give_it(server: Server, cache: Path) -> None:
    assert fetch_cached("speech", server.url, "set.tar", SHA256) == cache / "set.tar"
    assert (cache / "set.tar").read_bytes() == CONTENT
    server.statuses = [404]
    with pytest.raises(DataError, match=r"HTTP 404 .*, or give the data set as speech:PATH, or its folder as EDGEASR"):
        fetch_cached("speech", server.url, "other.tar")


def test_fetch_folder_unpacks_once_and_drops_the_archive(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    server.content = packed(a="one", b="two")
    checksum = f"md5:{hashlib.md5(server.content).hexdigest()}"
    for _ in range(2):
        assert fetch_folder("speech", server.url, "speech-1", checksum) == cache / "speech-1"
    assert (cache / "speech-1" / "set" / "b").read_text() == "two"
    assert [path.name for path in cache.iterdir()] == ["speech-1"]
    assert len(server.asked) == 1
    shown = capsys.readouterr()
    assert "unpacking" in shown.err
    assert shown.out == ""


def test_fetch_folder_goes_on_where_it_broke_off_and_refuses_another_file(server: Server, cache: Path) -> None:
    server.content = packed(a="one" * 1000)
    cache.mkdir(parents=True)
    (cache / "speech-1.tar.gz.part").write_bytes(server.content[:20])
    with pytest.raises(DataError, match=rf"{server.url}: expected a file with {SHA256}"):
        fetch_folder("speech", server.url, "speech-1", SHA256)
    assert server.asked == ["bytes=20-"]
    assert not list(cache.iterdir())


def test_fetch_folder_leaves_no_half_a_folder(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.content = packed(a="one", b="two")
    checksum = "sha256:" + hashlib.sha256(server.content).hexdigest()

    def interrupted(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extract", interrupted)
        with pytest.raises(DataError, match=r"cannot unpack .*speech-1\.tar\.gz \(No space left on device\)"):
            fetch_folder("speech", server.url, "speech-1", checksum)
    assert [path.name for path in cache.iterdir()] == ["speech-1.tar.gz"]
    fetch_folder("speech", server.url, "speech-1", checksum)
    assert len(server.asked) == 1  # the archive was there and had the checksum
    assert (cache / "speech-1" / "set" / "a").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_fetch_says_that_the_disk_is_full(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.tar.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"cannot write .*No space left on device"):
        fetch(server.url, tmp_path / "set.tar")
