"""A page on loopback, and the conversation with it: this side asks, the page does and answers."""

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from edgeasr.errors import TargetError
from edgeasr_bench.targets.browser.chromium import Browser

__all__ = ["Page", "serve_page"]

_HTML = (
    b'<!doctype html><meta charset="utf-8"><title>edgeasr bench</title><script type="module" src="page.mjs"></script>'
)
_TYPES = {"": "text/html", ".json": "application/json", ".mjs": "text/javascript", ".wasm": "application/wasm"}
# A page that is isolated gets a clock of 5 us instead of 100, and may use threads.
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LOOK_S = 0.5  # how often to see whether the browser still runs


class Page:
    """A page that waits for commands; `serve_page` makes one."""

    def __init__(self, commands: "Queue[dict[str, Any]]", answers: "Queue[dict[str, Any]]", browser: Browser) -> None:
        self._commands, self._answers, self._browser = commands, answers, browser

    def ask(self, command: str, limit_s: float = 120, **values: Any) -> dict[str, Any]:
        """Let the page do a command, and give its answer.

        Raises:
            TargetError: it fails, does not answer in time, or the browser is gone.
        """
        self._commands.put({"do": command, **values})
        answer = self.wait(limit_s)
        if "error" in answer:
            raise TargetError(f"the page says: {' '.join(answer['error'].split())}")
        return answer

    def wait(self, limit_s: float) -> dict[str, Any]:
        """Give the next thing that the page says; the first is that it is there.

        Raises:
            TargetError: it says nothing in time, or the browser is gone.
        """
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                return self._answers.get(timeout=_LOOK_S)
            except Empty:
                self._browser.check()
        raise TargetError(f"the browser did not answer within {limit_s:g} s{self._browser.complaint()}")


@contextmanager
def serve_page(content: Mapping[str, Path], start_limit_s: float = 60) -> Iterator[Page]:
    """Serve the page under an address that nobody can guess, and open it in a browser, until the block ends.

    Args:
        content: what the page may fetch, by name.
        start_limit_s: longest wait for the page.

    Raises:
        TargetError: there is no browser, or the page does not come up in it.
    """
    commands: Queue[dict[str, Any]] = Queue()
    answers: Queue[dict[str, Any]] = Queue()
    root = f"/{secrets.token_urlsafe(24)}/"
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(root, content, commands, answers)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            with Browser(f"http://127.0.0.1:{server.server_port}{root}") as browser:
                found = Page(commands, answers, browser)
                found.wait(start_limit_s)
                yield found
        finally:
            commands.put({"do": "stop"})
            server.shutdown()


def _handler(
    root: str, content: Mapping[str, Path], commands: "Queue[dict[str, Any]]", answers: "Queue[dict[str, Any]]"
) -> type[BaseHTTPRequestHandler]:
    """Make what gives the page its files, below `root`, and the next command for each answer."""
    served = {f"{root}files/{name}": path for name, path in content.items()}
    served[f"{root}page.mjs"] = Path(__file__).with_name("page.mjs")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # an answer is two small packets, and there is one for each turn

        def do_GET(self) -> None:
            if self.path in served:
                self._send(served[self.path].read_bytes(), Path(self.path).suffix)
            elif self.path == root:
                self._send(_HTML, "")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            if self.path != f"{root}next":
                self.send_error(404)
                return
            answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(json.dumps(commands.get()).encode(), ".json")

        def _send(self, body: bytes, suffix: str) -> None:
            self.send_response(200)
            for key, value in _HEADERS.items():
                self.send_header(key, value)
            self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            with suppress(ConnectionError):  # the browser is gone, which `Page` tells
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
