"""The command that is run for events."""

import sys
import time
from pathlib import Path

import pytest

from edgeasr.cli.hook import EventCommand
from edgeasr.errors import ConfigError
from edgeasr.spot import Event

EVENT = Event(12.3456, "one", 0.98765)
WRITE = "import os, sys; open(sys.argv[1], 'a').write(' '.join(map(os.environ.get, sys.argv[2:])) + '\\n')"


def command(*arguments: str | Path) -> str:
    return " ".join(f'"{argument}"' for argument in (sys.executable, "-c", *arguments))


def test_hook_gives_label_score_and_time(tmp_path: Path) -> None:
    told: list[str] = []
    hook = EventCommand(
        command(WRITE, tmp_path / "with space", "EDGEASR_LABEL", "EDGEASR_SCORE", "EDGEASR_TIME_S"), told.append
    )
    hook(EVENT)
    hook.finish()
    assert (tmp_path / "with space").read_text() == "one 0.9877 12.346\n"
    assert told == []


def test_hook_runs_no_shell(tmp_path: Path) -> None:
    hook = EventCommand(f"echo $HOME; touch {tmp_path / 'broken'} > {tmp_path / 'broken'}", print)
    hook(EVENT)
    hook.finish()
    assert list(tmp_path.iterdir()) == []


def test_hook_is_held_back_for_a_second_and_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    hook = EventCommand(command("import time; time.sleep(0.5)"), print)
    hook(EVENT)
    now_s = 101.5  # late enough, but it still runs
    hook(EVENT)
    assert hook.skipped == 1
    hook.finish()
    hook(EVENT)
    hook.finish()
    assert hook.skipped == 1
    now_s = 102.4  # it has ended, but too soon
    hook(EVENT)
    assert hook.skipped == 2


def test_hook_tells_of_a_command_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    told: list[str] = []
    hook = EventCommand(command("raise SystemExit(3)"), told.append)
    hook(EVENT)
    hook.finish()
    now_s = 102.0
    hook(EVENT)
    hook.finish()
    assert told == 2 * [f"--exec: {sys.executable} ended with 3"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "found no such program"),
        ("/no/such/program x", "found no such program"),
        ("'open", "close the quotes"),
    ],
)
def test_hook_refuses_what_is_no_command_at_the_start(line: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        EventCommand(line, print)


def test_hook_tells_of_each_failure_once_and_of_the_last_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    told: list[str] = []
    hook = EventCommand(command("raise SystemExit(3)"), told.append)
    hook(EVENT)
    hook.finish()
    for _ in range(3):  # held back, each of them
        hook(EVENT)
    hook.finish()
    assert told == [f"--exec: {sys.executable} ended with 3"]
    assert hook.skipped == 3
