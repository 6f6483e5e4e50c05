"""What the help, the README and the docs say of the commands is true."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edgeasr.cli import COMMANDS, group

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")) if path.exists()]


def find(name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None, f"there is no command {name}"
    return command


def command_lines(text: str) -> list[str]:
    """Return the `edgeasr ...` lines of a text, without what is piped, chained or commented."""
    joined = text.replace("\\\n", " ")
    lines = (re.match(r"\s*(?:\$ )?(?:\S*/)?edgeasr (.+)", line) for line in joined.splitlines())
    return [re.split(r"\s[|&;>#]|\s{3,}", line[1])[0] for line in lines if line]


def check(line: str) -> None:
    """Assert that the command and the options of a line exist."""
    verb, *words = shlex.split(line)
    if verb.startswith("-"):
        assert verb in {"--help", "-h", "--version"}, line
        return
    known = {flag for option in find(verb).params for flag in (*option.opts, *option.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known | {"--help", "-h"}, f"edgeasr {line}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_as_the_list_of_commands_says(name: str) -> None:
    assert (find(name).help or "").split("\n\n")[0].replace("\n", " ").strip() == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_parses(name: str) -> None:
    examples = [line for line in command_lines(find(name).help or "") if line.split()[0] == name]
    assert examples
    for example in examples:
        check(example)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_every_option(name: str) -> None:
    silent = [option.name for option in find(name).params if isinstance(option, click.Option) and not option.help]
    assert not silent


@pytest.mark.parametrize("name", COMMANDS)
def test_ranges_of_numbers_refuse_nan(name: str) -> None:
    ranges = [option.type for option in find(name).params if isinstance(option.type, click.FloatRange)]
    for one in ranges:
        with pytest.raises(click.BadParameter, match="expected a finite number"):
            one.convert("nan", None, None)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_offers_json(name: str) -> None:
    assert any("--json" in option.opts for option in find(name).params)


def test_group_help_has_examples_that_parse() -> None:
    examples = command_lines(group.help or "")
    assert examples
    for example in examples:
        check(example)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    indented = re.findall(r"^ {4}.*", text, re.M)
    for line in command_lines("\n".join([*fenced, *indented])):
        check(line)


def test_commands_in_the_makefile_exist() -> None:
    lines = command_lines((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        check(line)


def test_reference_of_the_commands_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("commands", ROOT / "docs/commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert written == module.render(), "docs/commands.md is out of date: make docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_option_exits_2(name: str) -> None:
    result = CliRunner().invoke(group, [name, "--no-such-option"])
    assert result.exit_code == 2
    assert "No such option" in result.stderr


@pytest.mark.parametrize("name", ["train", "evaluate", "bench", "listen"])
def test_missing_argument_exits_2(name: str) -> None:
    result = CliRunner().invoke(group, [name])
    assert result.exit_code == 2
    assert "Missing" in result.stderr


def test_wrong_command_exits_2_without_a_traceback() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", "edgeasr", "nonsense"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "Traceback" not in done.stderr
