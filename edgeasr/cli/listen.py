"""`edgeasr listen`: spot keywords in a microphone, a file or a pipe."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import click

from edgeasr.audio.source import Blocks
from edgeasr.audio.wav import is_clipped
from edgeasr.cli.live import live_view
from edgeasr.cli.options import runtime_option, threads_option
from edgeasr.cli.output import note
from edgeasr.cli.sources import check_source, device_option, open_source, rate_option
from edgeasr.runtime import load
from edgeasr.spot import Event, Spotter, SpotterConfig

__all__ = ["command"]


@click.command("listen")
@click.argument("artefact", type=click.Path(path_type=Path))
@click.argument("source", required=False)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    default=SpotterConfig.threshold,
    show_default=True,
    help="Smallest averaged probability that is an event.",
)
@click.option(
    "--smoothing-ms",
    type=click.FloatRange(0),
    default=SpotterConfig.smoothing_ms,
    show_default=True,
    help="Average the probabilities over this time.",
)
@click.option(
    "--hop-ms",
    type=click.FloatRange(0, min_open=True),
    default=SpotterConfig.hop_ms,
    show_default=True,
    help="Step between inferences.",
)
@click.option(
    "--refractory-ms",
    type=click.FloatRange(0),
    default=SpotterConfig.refractory_ms,
    show_default=True,
    help="Time in which a label is not reported again.",
)
@rate_option
@device_option
@threads_option
@runtime_option
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one object a line.")
@click.option(
    "--live/--no-live",
    default=None,
    help="Show level and scores on the terminal.  [default: for the microphone]",
)
def command(
    artefact: Path,
    source: str | None,
    threshold: float,
    smoothing_ms: float,
    hop_ms: float,
    refractory_ms: float,
    rate: int | None,
    device: str | None,
    threads: int,
    runtime: str | None,
    as_json: bool,
    live: bool | None,
) -> None:
    """Spot words in a microphone, a file or a stream.

    SOURCE is a file, - for raw 16-bit mono on standard input, by default the microphone. One line an event: time in
    the audio, label, averaged probability.

    \b
    edgeasr listen digits/ds-cnn.int8.tflite clip.wav
    arecord -t raw -f S16_LE -r 16000 | edgeasr listen digits/ds-cnn.int8.tflite -
    """
    check_source(source, rate, device)
    model = load(artefact, runtime, threads)
    spotter = Spotter(model, SpotterConfig(hop_ms, smoothing_ms, threshold, refractory_ms))
    note(f"{artefact.name}: {model.scheme}, run by {model.version}, threads: {threads}")
    microphone = source is None
    show = sys.stderr.isatty() and (microphone if live is None else live)
    heard = 0
    try:
        with (
            closing(open_source(source, rate, device, spotter.sample_rate_hz, spotter.hop_samples)) as blocks,
            live_view(spotter) if show else nullcontext(),
        ):
            for event in _events(spotter, blocks):
                heard += 1
                click.echo(_line(event, as_json))  # flushed at once: the reader of a pipe shall not wait
    except KeyboardInterrupt:
        if not microphone:
            raise
    note(f"{spotter.time_s:.1f} s of audio, events: {heard}")


def _events(spotter: Spotter, blocks: Blocks) -> Iterator[Event]:
    warned = False
    for block in blocks:
        if is_clipped(block) and not warned:
            warned = True
            note(f"warning: clipped at {spotter.time_s:.1f} s (over 1 % of the samples at full scale): lower the gain")
        yield from spotter.feed(block)
    yield from spotter.finish()


def _line(event: Event, as_json: bool) -> str:
    if as_json:
        values = {"time_s": round(event.time_s, 3), "label": event.label, "score": round(event.score, 4)}
        return json.dumps(values)
    return f"{event.time_s:7.2f} s  {event.label}  {event.score:.2f}"
