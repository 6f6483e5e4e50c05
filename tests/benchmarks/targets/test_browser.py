"""Measuring in a browser: the page, the server, and what happens when one of them is not there."""

import os
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path

import pytest

from edgeasr.errors import ConfigError, TargetError
from edgeasr_bench import Settings, bench
from edgeasr_bench.latency import TURN_NS
from edgeasr_bench.targets.browser import chromium, server, web
from edgeasr_bench.targets.browser.measure import _Turns
from edgeasr_bench.targets.browser.server import serve_page

pytestmark = pytest.mark.usefixtures("without_keras")


@pytest.fixture
def real_browser(needs):
    """Demand Chromium and the files of onnxruntime-web, which are fetched the first time."""
    needs("chromium", "chromium")
    try:
        web.web_runtime()
    except TargetError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))


@pytest.fixture
def fake_browser(tmp_path, monkeypatch):
    """Give a function that puts a script in the place of Chromium."""

    def put(script):
        path = tmp_path / "chromium"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


def test_browser_gives_the_answers_of_this_machine(make_bundle, real_browser):
    bundle = make_bundle()
    notes = []
    here = bench([bundle.path], Settings(seconds=0.05))
    there = bench([bundle.path], Settings(seconds=0.05), "browser", notify=notes.append)
    assert (there.target, there.kind) == ("browser", "measured")
    for mine, theirs in zip(here.results, there.results, strict=True):
        assert (theirs.accuracy, theirs.sha256) == (mine.accuracy, mine.sha256)
        assert theirs.runtime_version == f"onnxruntime-web {web.VERSION}"
        assert theirs.latency.p50 > 0
        assert theirs.latency.samples >= 10
        assert (theirs.peak_rss_bytes, theirs.load_ms, theirs.frontend_us) == (None, None, None)
    assert there.results[1].ratio_to_float.baseline == there.results[0].artefact
    assert list(there.environment.packages) == ["onnxruntime-web", "chromium"]
    assert "memory and load time are not measured" in notes[-1]


def test_page_tells_what_a_file_that_is_no_model_is(tmp_path, real_browser):
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    files = {**web.web_runtime(), "broken.onnx": tmp_path / "broken.onnx"}
    with serve_page(files) as page:
        page.ask("start", threads=1)
        with pytest.raises(TargetError, match="the page says: .*"):
            page.ask("load", model="broken.onnx", features="none", shape=[1, 1])


@pytest.mark.parametrize("place", ["firefox", "//host"])
def test_browser_is_one_place_only(make_bundle, place):
    with pytest.raises(ConfigError, match="expected browser"):
        bench([make_bundle().path], Settings(), f"browser:{place}")


def test_browser_that_is_not_installed_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match="sudo apt install chromium"), serve_page({}):
        pass


def test_browser_that_ends_is_told_with_what_it_said(fake_browser, monkeypatch):
    monkeypatch.setattr(server, "_LOOK_S", 0.05)
    fake_browser("echo '[1:1:ERROR:x.cc] no room' >&2; exit 3")
    with pytest.raises(TargetError, match=r"ended with code 3 \(.*no room\)"), serve_page({}):
        pass


def test_browser_that_hangs_is_given_up_and_ended(fake_browser, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "_LOOK_S", 0.05)
    fake_browser(f"echo $$ > {tmp_path}/pid; exec sleep 100")
    with pytest.raises(TargetError, match=r"did not answer within 0.5 s"), serve_page({}, start_limit_s=0.5):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_browser_keeps_its_sandbox_where_it_can(monkeypatch, fake_browser):
    fake_browser("")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "--no-sandbox" not in chromium.Browser("http://x")._command
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--no-sandbox" in chromium.Browser("http://x")._command


def test_server_gives_nothing_without_the_token(fake_browser, tmp_path):
    """The address is what the browser is started with; a page of somebody else cannot know it."""
    (tmp_path / "model.onnx").write_bytes(b"weights")
    address = tmp_path / "address"
    # As a page does: fetch, and tell that it is there.
    fake_browser(f'for last; do :; done; echo "$last" > {address}; curl -s -X POST -d {{}} "${{last}}next" >/dev/null')
    with serve_page({"model.onnx": tmp_path / "model.onnx"}):
        root = address.read_text().strip()
        assert urllib.request.urlopen(f"{root}files/model.onnx").read() == b"weights"
        host = "/".join(root.split("/")[:3])
        for path in ("/", "/files/model.onnx", "/next", f"/{'x' * 32}/files/model.onnx"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(host + path)
        for path in ("files/../page.mjs", "files/none", "../"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(root + path)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(root)


def test_runtime_of_a_wrong_folder_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEASR_ONNXRUNTIME_WEB", str(tmp_path))
    with pytest.raises(TargetError, match=r"dist: expected ort.wasm.bundle.min.mjs, as the npm package"):
        web.web_runtime()


def test_runtime_that_cannot_be_fetched_says_how_else_to_give_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(web, "_URL", (tmp_path / "none.tgz").as_uri())
    monkeypatch.setattr("edgeasr.data.download.time.sleep", lambda seconds: None)
    with pytest.raises(TargetError, match="name its folder in EDGEASR_ONNXRUNTIME_WEB"):
        web.web_runtime()


class FakePage:
    """A page whose calls take 1 us, 2 us and so on of the one model, and ten times as long of the other."""

    def __init__(self):
        self.asked, self.numbers = [], (count(1), count(1))

    def ask(self, command, model, first, calls, clips):
        self.asked.append((model, first, calls))
        return {"times": [1000 * 10**model * next(self.numbers[model]) for _ in range(min(calls, 4))]}


def test_turns_move_the_clock_by_what_the_calls_took_and_never_mix_two_turns():
    page = FakePage()
    turns = _Turns(page, [4, 2])
    taken = []
    for model, clip in [(0, 0), (0, 1), (1, 0), (0, 2), (0, 3)]:
        before = turns.clock()
        turns.call(model, clip)
        taken.append(turns.clock() - before)
    assert taken == [1000, 2000, 10_000, 6000, 7000]  # 3 to 5 us were made in a turn that had ended
    assert [(model, first) for model, first, _ in page.asked] == [(0, 0), (0, 1), (1, 0), (0, 2)]
    assert [calls for _, _, calls in page.asked] == [
        1,
        TURN_NS // 1000,
        1,
        round(TURN_NS / 3500),
    ]  # as many as fill a turn by the turn before, in the median


def test_browser_is_found_by_any_of_its_names(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "google-chrome").write_text("#!/bin/sh\n")
    (tmp_path / "google-chrome").chmod(0o755)
    assert Path(chromium.find_chromium()).name == "google-chrome"
