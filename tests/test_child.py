"""A child process: what it reports arrives, and however it ends is said."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edgeasr.child import start

Run = Callable[..., tuple[list[dict[str, Any]], str]]
REPORT = "from edgeasr.child import report\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Give a function that writes a module which a child can run, and returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(code: str) -> str:
        (tmp_path / "some_child.py").write_text(REPORT + code)
        return "some_child"

    return make


@pytest.fixture
def run(write: Callable[[str], str]) -> Run:
    """Give a function that runs code in a child: what it reported, and how it ended."""

    def make(code: str, *arguments: str, time_limit_s: float = 20, **options: Any) -> tuple[list[dict[str, Any]], str]:
        with start(write(code), *arguments, time_limit_s=time_limit_s, **options) as child:
            return list(child.reports()), child.ending("it")

    return make


def pid_of(path: Path) -> int:
    """Wait until a child has written its process id."""
    while not (path.exists() and path.read_text()):
        time.sleep(0.01)
    return int(path.read_text())


def test_child_reports_as_it_goes(run: Run) -> None:
    reports, ending = run("import sys\nfor word in sys.argv[1:]: report(word=word)", "ä", "b c")
    assert reports == [{"word": "ä"}, {"word": "b c"}]
    assert ending == "it ended with code 0"


def test_child_may_print_noise(run: Run) -> None:
    noise = r"b'no line break \xff' b'@edgeas'"
    code = f"import os\nos.write(1, {noise})\nreport(a=1)\nos.write(1, b'x' * 3_000_000)\nprint('@')\nreport(a=2)\n"
    assert run(code)[0] == [{"a": 1}, {"a": 2}]


def test_child_report_may_be_long(run: Run) -> None:
    ((report,), _) = run("report(text='x' * 1_000_000)")
    assert len(report["text"]) == 1_000_000


@pytest.mark.parametrize("how", ["time.sleep(600)", "os.close(1); time.sleep(600)", "while True: print('noise' * 99)"])
def test_child_that_hangs_is_stopped(run: Run, how: str) -> None:
    code = f"import os, time\nprint('no line break', end='')\nreport(start='a step')\n{how}"
    begin = time.monotonic()
    assert run(code, time_limit_s=2) == ([{"start": "a step"}], "it was stopped after 2 s")
    assert time.monotonic() - begin < 12


def test_child_time_limit_starts_again_with_every_report(run: Run) -> None:
    code = "import time\nfor step in range(5): report(step=step); time.sleep(0.6)"
    reports, ending = run(code, time_limit_s=2)
    assert len(reports) == 5
    assert ending == "it ended with code 0"


def test_child_that_reported_in_time_may_be_asked_late(write: Callable[[str], str]) -> None:
    module = write("import time\nreport(a=1)\ntime.sleep(600)")
    with start(module, time_limit_s=2) as child:
        time.sleep(2.1)
        assert list(child.reports()) == [{"a": 1}]
        assert child.stopped


def test_child_may_leave_a_process_that_holds_its_output(run: Run) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '5'])\nreport(a=1)"
    assert run(code, time_limit_s=2) == ([{"a": 1}], "it ended with code 0")


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("import ctypes; ctypes.string_at(0)", "it crashed (SIGSEGV)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)", "it crashed (signal 35)"),
        ("import os; os._exit(3)", "it ended with code 3"),
        ("import sys; print('why\\n', file=sys.stderr); sys.exit(3)", "why"),
        ("raise ValueError('wrong')", "ValueError: wrong"),
        ("import sys; sys.stderr.write('x' * 200_000 + '\\nlast'); sys.exit(1)", "last"),
    ],
)
def test_child_ending_is_explained(run: Run, code: str, ending: str) -> None:
    assert run(f"report(start=1)\n{code}") == ([{"start": 1}], ending)


def test_child_that_crashed_is_told_from_one_that_was_stopped(write: Callable[[str], str]) -> None:
    with start(write("import os; os.abort()"), time_limit_s=20) as child:
        assert list(child.reports()) == []
        assert (child.crashed, child.stopped) == (True, False)
    with start(write("import time; time.sleep(600)"), time_limit_s=0.1) as child:
        assert list(child.reports()) == []
        assert (child.crashed, child.stopped) == (False, True)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_child_dies_with_whatever_ends_the_block(
    write: Callable[[str], str], tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "pid"
    module = write(f"import os, time\nopen({str(path)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    files = os.listdir("/proc/self/fd")
    with suppress(error), start(module, time_limit_s=600):
        pid = pid_of(path)
        raise error
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert os.listdir("/proc/self/fd") == files


def test_child_log_is_appended_to_and_only_its_own_line_counts(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run("import sys; sys.exit('first')", log=log)[1] == "first"
    assert run("import os; os._exit(2)", log=log)[1] == "it ended with code 2"
    assert log.read_text() == "first\n"


def test_child_has_the_given_environment_and_finds_what_its_parent_finds(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INHERITED", "1")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/json.py").write_text("raise SystemExit('a module of the working folder')")
    monkeypatch.chdir(tmp_path / "elsewhere")
    code = "import os, pytest\nreport(**{key: os.environ[key] for key in ('GIVEN', 'INHERITED')})"
    assert run(code, environment={"GIVEN": "2"})[0] == [{"GIVEN": "2", "INHERITED": "1"}]


def test_child_runs_beside_others(write: Callable[[str], str]) -> None:
    module = write("import sys, time\ntime.sleep(1)\nreport(number=sys.argv[1])")
    begin = time.monotonic()
    with start(module, "1", time_limit_s=20) as first, start(module, "2", time_limit_s=20) as second:
        assert [*first.reports(), *second.reports()] == [{"number": "1"}, {"number": "2"}]
    assert time.monotonic() - begin < 10


def test_child_that_cannot_be_started_leaves_nothing_open(
    write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise OSError("no more processes")

    files = os.listdir("/proc/self/fd")
    monkeypatch.setattr(subprocess, "Popen", fail)
    with pytest.raises(OSError, match="no more processes"), start(write(""), time_limit_s=1):
        pass
    assert os.listdir("/proc/self/fd") == files
