"""How commands speak: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

__all__ = ["note", "print_json", "print_table", "progress_bar"]


def note(message: str) -> None:
    """Say something about the progress of the work, on standard error."""
    click.echo(message, err=True)


def print_json(result: Any) -> None:
    """Print the result for programs: one JSON object."""
    click.echo(json.dumps(result, indent=1))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table for people; columns whose head begins with `>` are aligned right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on standard error while work goes on, if a person is watching.

    Gives a function that takes the share of the work that is done, 0 to 1; the bar comes with its first call.
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=1, visible=False)
        yield lambda done: bar.update(task, completed=done, visible=True)
