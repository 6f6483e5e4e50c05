"""Where `listen` and `transcribe` take their audio from: the options, and what they open."""

import sys
from pathlib import Path

import click

from edgeasr.audio.microphone import microphone_blocks
from edgeasr.audio.source import Blocks, amplified, file_blocks, stdin_blocks
from edgeasr.cli.finite import FiniteRange
from edgeasr.cli.output import note

__all__ = ["channel_option", "check_source", "device_option", "gain_option", "open_source", "rate_option"]

rate_option = click.option(
    "--rate",
    type=click.IntRange(1000, 384_000),
    help="Sample rate of standard input in Hz.  [default: the model's]",
)
device_option = click.option(
    "--device", help="Microphone: its number, its name or a part of it.  [default: the system's]"
)
channel_option = click.option("--channel", type=click.IntRange(1, 64), help="Channel of the microphone.  [default: 1]")
gain_option = click.option(
    "--gain",
    type=FiniteRange(-60, 60),
    default=0.0,
    metavar="DB",
    help="Make the audio louder, or quieter where negative.",
)


def check_source(source: str | None, rate: int | None, device: str | None, channel: int | None = None) -> None:
    """Check that the options belong to the source.

    Raises:
        UsageError: they do not.
    """
    if rate and source != "-":
        raise click.UsageError("--rate is for audio on standard input: give - as SOURCE, or leave --rate out")
    if device and source is not None:
        raise click.UsageError("--device is for the microphone: leave SOURCE out, or leave --device out")
    if channel and source is not None:
        raise click.UsageError("--channel is for the microphone: leave SOURCE out, or leave --channel out")


def open_source(
    source: str | None,
    rate: int | None,
    device: str | None,
    model_rate_hz: int,
    block_samples: int,
    channel: int | None = None,
    gain_db: float = 0.0,
) -> Blocks:
    """Open a file, `-` for standard input, or None for the microphone, as blocks at the model's rate.

    Raises:
        UsageError: nothing is piped in.
        AudioError: there is no audio.
    """
    if source is None:
        number = int(device) if device and device.isdecimal() else device
        blocks = microphone_blocks(number, model_rate_hz, block_samples, note, channel or 1)
    elif source == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("expected raw 16-bit mono audio on standard input, got nothing: pipe it in")
        blocks = stdin_blocks(sys.stdin.buffer, rate or model_rate_hz, model_rate_hz, block_samples, note)
    else:
        blocks = file_blocks(Path(source), model_rate_hz, block_samples)
    return amplified(blocks, gain_db) if gain_db else blocks
