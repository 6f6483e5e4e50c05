"""The command line as programs see it: exit codes, one line an error, no traceback."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import numpy as np
import pytest

from edgeasr import __version__, errors
from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.bundle import Bundle
from edgeasr.cli import COMMANDS, main
from tests.cli.conftest import Done

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONWARNINGS": "error"}
EDGEASR = [sys.executable, "-m", "edgeasr"]

# Runs the command line where no file may grow beyond 100 kB: what a full disk looks like from inside a program.
LIMITED = """
import resource
from edgeasr.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
main()
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Give a function that adds a command `fail`, which raises the exception it is given."""

    def add(error: BaseException) -> None:
        @click.command("fail")
        def command() -> None:
            raise error

        module = ModuleType("a_command_that_fails")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "fail", (module.__name__, "Fail."))  # type: ignore[arg-type]

    return add


def test_main_without_an_error_exits_0(run: Callable[..., Done]) -> None:
    assert run("--version") == (0, f"edgeasr, version {__version__}\n", "")
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert all(verb in out for verb in COMMANDS)
    assert run("evaluate", "-h")[::2] == (0, "")


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "EdgeASRError"] + ["EdgeASRError"])
def test_error_of_edgeasr_is_one_line_and_exits_1(
    name: str, run: Callable[..., Done], failing: Callable[[BaseException], None]
) -> None:
    failing(getattr(errors, name)("x.wav: expected sound,\n  got text: pass another file"))
    assert run("fail") == (1, "", "edgeasr: x.wav: expected sound, got text: pass another file\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a.txt"),
            "a.txt: No such file or directory",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: Permission denied"),
        (
            OSError(errno.ENOSPC, "No space left on device", "source", None, "target"),
            "target: No space left on device",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "writing: No space left on device"),
    ],
)
def test_error_of_the_system_is_one_line_that_names_the_file_and_exits_1(
    error: OSError,
    line: str,
    run: Callable[..., Done],
    failing: Callable[[BaseException], None],
) -> None:
    failing(error)
    assert run("fail") == (1, "", f"edgeasr: {line}: check the path, the rights and the free space\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_interruption_is_one_line_and_exits_130(
    error: BaseException, run: Callable[..., Done], failing: Callable[[BaseException], None]
) -> None:
    failing(error)
    code, out, err = run("fail")
    assert (code, out, err.strip()) == (130, "", "edgeasr: interrupted")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["evaluate", "x.tflite", "--colour"], "--colour"),
        (["evaluate", "x.tflite", "--threads", "0"], "Invalid value for '--threads'"),
        (["evaluate", "x.tflite", "--split", "all"], "Invalid value for '--split'"),
        (["evaluate"], "Missing argument 'MODEL'"),
        (["evaluat"], "No such command 'evaluat'"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(
    arguments: list[str], complaint: str, run: Callable[..., Done]
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert complaint in err.splitlines()[-1]
    assert "Traceback" not in err


def test_a_bug_keeps_its_traceback(failing: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch) -> None:
    failing(ZeroDivisionError("a bug"))
    monkeypatch.setattr(sys, "argv", ["edgeasr", "fail"])
    with pytest.raises(ZeroDivisionError):
        main()


def test_ctrl_c_ends_a_running_command_with_one_line(exported: Bundle) -> None:
    artefact = exported.path / f"{exported.manifest.model}.int8.tflite"
    with subprocess.Popen(
        [*EDGEASR, "evaluate", artefact, "--stream", "--data", "synthetic"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        begun = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert "default settings" in begun  # it had begun: there are seconds of synthesis and listening to come
    # A shell shows both as 130. Where the signal comes while a library compiles code, Python ends by it after all.
    assert process.returncode in (130, -signal.SIGINT)
    assert (out, err.splitlines()[-1]) == ("", "edgeasr: interrupted")
    assert "Traceback" not in err


def test_reader_that_leaves_early_is_no_error(exported: Bundle, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16000).astype(np.float32)
    for label in ("one", "two"):
        write_wav(tmp_path / "clips" / "test" / label / "anna_1.wav", Clip(noise, 16000))
    artefact = exported.path / f"{exported.manifest.model}.int8.tflite"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*EDGEASR, "evaluate", artefact, "--data", f"folder:{tmp_path / 'clips'}", "--json"],
            env=ENVIRONMENT,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(writer)
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1  # the note on what it does


def test_missing_file_is_one_line_in_a_real_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [*EDGEASR, "evaluate", "none.tflite"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    expected = "edgeasr: none.tflite: no such file: expected a bundle folder, a .tflite or an .onnx file\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_full_disk_is_one_line_and_leaves_nothing(small_disk: Path) -> None:
    done = subprocess.run(
        [*EDGEASR, "export", "--out", small_disk / "digits"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"edgeasr: {small_disk}")
    assert "No space left on device: check the path, the rights and the free space" in line
    assert os.listdir(small_disk) == []


def test_file_that_may_not_grow_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "export", "--out", tmp_path / "digits"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"edgeasr: {tmp_path}")
    assert "File too large: check the path" in line
    assert os.listdir(tmp_path) == []
