"""The command line: `edgeasr <verb>`. Each verb is one module, imported when it is called."""

import importlib
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import click

from edgeasr import __version__
from edgeasr.errors import EdgeASRError

__all__ = ["COMMANDS", "group", "main"]

# verb -> (module, what `edgeasr --help` says of it; the module is not imported for that)
COMMANDS: Mapping[str, tuple[str, str]] = {
    "train": ("edgeasr.cli.train", "Train a model on labelled speech and write a bundle."),
    "wakeword": ("edgeasr.cli.wakeword", "Make a spotter of a word or phrase, recorded or not."),
    "evaluate": ("edgeasr.cli.evaluate", "Measure the accuracy of a bundle or an artefact."),
    "import": ("edgeasr.cli.import_", "Make a bundle of a model that was trained elsewhere."),
    "export": ("edgeasr.cli.export", "Convert a bundle to quantised TFLite and ONNX, and verify it."),
    "firmware": ("edgeasr.cli.firmware", "Write an int8 model as C99 for a microcontroller, and prove it is the same."),
    "inspect": ("edgeasr.cli.inspect", "Look into a .tflite or .onnx file: operators, shapes, sizes, scales."),
    "bench": ("edgeasr.cli.bench", "Compare speed, accuracy, size and memory with the float original."),
    "report": ("edgeasr.cli.report", "Make a page of bench records: in words, in drawings and in tables."),
    "compare": (
        "edgeasr.cli.compare",
        "Say what changed from one bench record to another, in percent with its interval.",
    ),
    "history": ("edgeasr.cli.history", "List the bench records of a folder over time, artefact by artefact."),
    "reproduce": (
        "edgeasr.cli.reproduce",
        "Do a study of one of the seed documents again, and compare its figures with ours.",
    ),
    "listen": ("edgeasr.cli.listen", "Spot words in a microphone, a file or a stream."),
    "serve": ("edgeasr.cli.serve", "Serve wake words and speech to text to Home Assistant and others."),
    "transcribe": ("edgeasr.cli.transcribe", "Write down what is said in a file, a stream or the microphone."),
    "doctor": ("edgeasr.cli.doctor", "Say what is installed here, what works and what is missing."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] == "bench" and args[1:2] in (["compare"], ["history"]):  # what bench kept; both names work
            args = args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough; click itself would exit 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgeasr")
def group() -> None:
    """Take a Keras speech model to an edge device, and prove by measurement that what arrived still works.

    \b
    edgeasr export --int8                 the built-in model, as int8 TFLite and ONNX
    edgeasr bench digits                  both against the float original
    edgeasr listen digits/ds-cnn.int8.tflite clip.wav
    """


def main() -> None:
    """Run the command line: errors of edgeasr become one line and exit code 1, Ctrl-C exit code 130."""
    warnings.showwarning = lambda message, *_: click.echo(f"edgeasr: warning: {message}", err=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that what was begun is cleaned up
    try:
        code = group.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except EdgeASRError as error:
        _leave(" ".join(str(error).split()), 1)
    except (click.Abort, KeyboardInterrupt):
        _leave("interrupted", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        where = error.filename2 or error.filename or "writing"
        _leave(f"{where}: {error.strerror}: check the path, the rights and the free space", 1)


def _leave(message: str, code: int) -> None:
    click.echo(f"edgeasr: {message}", err=True)
    sys.exit(code)
