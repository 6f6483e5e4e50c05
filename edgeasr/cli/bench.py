"""`edgeasr bench`: what an artefact costs and what it is worth, beside the float original."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from edgeasr.atomic import write_text
from edgeasr.cli.output import note
from edgeasr.data.dataset import Split

__all__ = ["command"]


@click.command()
@click.argument("arguments", metavar="BUNDLE|ARTEFACT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--data", metavar="NAME[:PATH]", help="Labelled clips; by default the bundle's own samples.")
@click.option(
    "--split",
    type=click.Choice(["train", "dev", "test"]),
    default="test",
    show_default=True,
    help="Which of them.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of the inference.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=600, min_open=True),
    default=2.0,
    show_default=True,
    help="How long each artefact is timed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--report",
    metavar="FILE.md",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write a Markdown report as well.",
)
@click.pass_context
def command(
    context: click.Context,
    arguments: tuple[Path, ...],
    data: str | None,
    split: Split,
    threads: int,
    seconds: float,
    as_json: bool,
    report: Path | None,
) -> None:
    """Compare speed, accuracy, size and memory with the float original.

    A bundle stands for its Keras model and all its artefacts; an artefact for itself. All of them take turns
    on the same inputs, so that the drift of a busy machine falls out of the comparison.

    \b
    edgeasr bench digits --report bench.md
    edgeasr bench digits/ds-cnn.int8.tflite --data fsdd
    """
    from edgeasr_bench import Settings, bench
    from edgeasr_bench.report import markdown, print_run

    with _progress() as progress:
        run = bench(arguments, Settings(data, split, threads, seconds), notify=note, progress=progress)
    if report is not None:
        write_text(report, markdown(run, _command_line(context)))
    if as_json:
        click.echo(run.to_json())
    else:
        print_run(run)
    if report is not None:
        note(f"report: {report}")


def _command_line(context: click.Context) -> str:
    """Write the command as it was given, options in the order of the help."""
    words = ["edgeasr", "bench"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            words += map(str, value)
        else:
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return shlex.join(words)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show the stages on a terminal, drawn only when told: a drawing thread would disturb what is timed."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        console=console,
        auto_refresh=False,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=1.0)

        def progress(stage: str, done: float) -> None:
            bar.update(task, description=stage, completed=done, refresh=True)

        yield progress
