"""Write `docs/commands.md` from the help of every command: `make docs`."""

import inspect
from pathlib import Path

import click

from edgeasr.cli import COMMANDS, group

__all__ = ["render"]

TARGET = Path(__file__).with_name("commands.md")


def render() -> str:
    """Return the text of `commands.md`."""
    context = click.Context(group, info_name="edgeasr")
    sections = ["# Commands", "Written by `make docs` from `edgeasr COMMAND --help`; do not edit."]
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        arguments = " ".join(
            _argument(parameter) for parameter in command.params if isinstance(parameter, click.Argument)
        )
        sections += [
            f"## edgeasr {name} {arguments}".strip(),
            *_paragraphs(command.help or ""),
            _parameters(command),
        ]
    return "\n\n".join(sections) + "\n"


def _paragraphs(text: str) -> list[str]:
    """Turn a help text into Markdown: what click must not wrap (after `\\b`) becomes a code block."""
    return [
        f"```sh\n{inspect.cleandoc(paragraph[2:])}\n```"
        if paragraph.startswith("\b\n")
        else " ".join(paragraph.split())
        for paragraph in inspect.cleandoc(text).split("\n\n")
    ]


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or (argument.name or "").upper() + "..." * (argument.nargs == -1)
    return name if argument.required else f"[{name}]"


def _parameters(command: click.Command) -> str:
    rows = ["| option | what it does |", "| --- | --- |"]
    for option in command.params:
        if isinstance(option, click.Option):
            flags = ", ".join(f"`{flag}`" for flag in (*option.opts, *option.secondary_opts))
            rows.append(f"| {flags} | {_explanation(option)} |")
    return "\n".join(rows)


def _explanation(option: click.Option) -> str:
    words = [(option.help or "").replace("|", "\\|")]
    if isinstance(option.type, click.Choice):
        words.append(f"One of {', '.join(f'`{choice}`' for choice in option.type.choices)}.")
    if option.show_default and not isinstance(option.default, bool):
        words.append(f"Default: `{option.default}`.")
    return " ".join(filter(None, words))


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
