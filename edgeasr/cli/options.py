"""Options that several commands share: one name, one meaning, one help text."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from edgeasr.runtime import RUNTIMES

__all__ = [
    "json_option",
    "labels_option",
    "leave_out_option",
    "lm_option",
    "option_group",
    "runtime_option",
    "split_option",
    "threads_option",
]


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
labels_option = click.option(
    "--labels",
    callback=lambda ctx, option, value: _parse_labels(value),
    help="Labels of the outputs, comma separated, for files that carry none.",
)
leave_out_option = click.option("--leave-out", metavar="SPEAKER", help="Keep this speaker for the test.")
lm_option = click.option(
    "--lm",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Language model (ARPA): search for likely sentences, instead of the best character of each frame.",
)
runtime_option = click.option(
    "--runtime", type=click.Choice(list(RUNTIMES)), help="Runtime.  [default: by the kind of file]"
)
split_option = click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    default="test",
    show_default=True,
    help="Part of the data.",
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of the inference."
)


def option_group(
    keyword: str, options: Mapping[str, Callable[..., Any]], make: Callable[[dict[str, Any]], Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command a group of options, which it takes as one argument.

    Args:
        keyword: of that argument.
        options: of click, by the names of their values, in the order of the help.
        make: turns the values by name into the argument.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def gather(**arguments: Any) -> None:
            values = {name: arguments.pop(name) for name in options}
            command(**{keyword: make(values)}, **arguments)

        decorated: Callable[..., None] = gather
        for option in reversed(list(options.values())):
            decorated = option(decorated)
        return decorated

    return decorate


def _parse_labels(value: str | None) -> tuple[str, ...]:
    return tuple(label.strip() for label in value.split(",")) if value else ()
