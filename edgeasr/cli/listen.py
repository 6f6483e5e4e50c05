"""`edgeasr listen`: spot keywords in a microphone, a file or a pipe."""

import json
import sys
import time
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.audio.devices import INSTEAD
from edgeasr.audio.devices import list_devices as devices_there
from edgeasr.audio.wav import is_clipped
from edgeasr.cli.hook import EventCommand
from edgeasr.cli.live import live_view
from edgeasr.cli.on_device import device_spotter
from edgeasr.cli.options import runtime_option, threads_option
from edgeasr.cli.output import note, print_json, print_table
from edgeasr.cli.sources import (
    channel_option,
    check_source,
    device_option,
    gain_option,
    open_source,
    rate_option,
)
from edgeasr.cli.spotting import spotter_config, spotter_options
from edgeasr.runtime import load
from edgeasr.spot import Event, Spotter
from edgeasr.spot.listening import hear
from edgeasr.spot.recorder import MOST_FILES, EventRecorder

if TYPE_CHECKING:
    from edgeasr_firmware.listening import DeviceSpotter

__all__ = ["command"]


@click.command("listen")
@click.argument("artefact", metavar="[ARTEFACT|PORT]", required=False)
@click.argument("source", required=False)
@spotter_options
@rate_option
@device_option
@channel_option
@gain_option
@threads_option
@runtime_option
@click.option(
    "--exec",
    "command_line",
    metavar="COMMAND",
    help="Run a command for each event, at most one a second, without a shell; EDGEASR_LABEL, EDGEASR_SCORE and "
    "EDGEASR_TIME_S are in its environment.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Keep the audio around each event in this folder, at most {MOST_FILES} files.",
)
@click.option("--list-devices", is_flag=True, help="List the microphones, and do nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one object a line.")
@click.option(
    "--live/--no-live",
    default=None,
    help="Show level and scores on the terminal.  [default: for the microphone]",
)
def command(
    artefact: str | None,
    source: str | None,
    spotting: dict[str, Any],
    rate: int | None,
    device: str | None,
    channel: int | None,
    gain: float,
    threads: int,
    runtime: str | None,
    command_line: str | None,
    record: Path | None,
    list_devices: bool,
    as_json: bool,
    live: bool | None,
) -> None:
    """Spot words in a microphone, a file or a stream.

    SOURCE is a file, - for raw 16-bit mono on standard input, by default the microphone. One line an event: time in
    the audio, label, smoothed probability. PORT is a board that runs our firmware and does the listening.

    \b
    edgeasr listen digits/ds-cnn.int8.tflite clip.wav
    arecord -t raw -f S16_LE -r 16000 | edgeasr listen digits/ds-cnn.int8.tflite -
    edgeasr listen "serial:///dev/ttyACM0?baud=921600" clip.wav
    """
    if list_devices:
        _print_devices(as_json)
        return
    if artefact is None:
        raise click.UsageError("Missing argument 'ARTEFACT'.")
    check_source(source, rate, device, channel)
    spotter: Spotter | DeviceSpotter
    if artefact.startswith(("serial:", "tcp:")):
        if spotting or runtime or live:
            raise click.UsageError("a board listens as its firmware was built: leave the settings and --live out")
        spotter, live = click.get_current_context().with_resource(device_spotter(artefact)), False
    else:
        model = load(artefact, runtime, threads)
        spotter = Spotter(model, spotter_config(Path(artefact), spotting))
        note(f"{Path(artefact).name}: {model.scheme}, run by {model.version}, threads: {threads}")
    show = sys.stderr.isatty() and (source is None if live is None else live)
    hook = EventCommand(command_line, note) if command_line else None
    recorder = EventRecorder(record, time.strftime("%Y%m%dT%H%M%S"), spotter.sample_rate_hz) if record else None
    rate_hz, hop_samples = spotter.sample_rate_hz, spotter.hop_samples
    heard, warned = 0, False
    try:
        with (
            closing(open_source(source, rate, device, rate_hz, hop_samples, channel, gain)) as blocks,
            live_view(spotter) if show and isinstance(spotter, Spotter) else nullcontext() as view,
        ):
            for block, events in hear(spotter, blocks):
                if recorder:  # before the event is told, after which Ctrl-C may come
                    recorder.feed(block, events)
                for event in events:
                    heard += 1
                    click.echo(_line(event, as_json))  # flushed at once: the reader of a pipe shall not wait
                    if hook:
                        hook(event)
                if view:
                    view.hear(block, events)
                if not warned and is_clipped(block):
                    warned = True
                    note(f"warning: clipped at {spotter.time_s:.1f} s (over 1 % of samples at full scale): less gain")
    except KeyboardInterrupt:
        if source not in (None, "-"):  # whose end this is
            raise
    finally:  # SIGTERM too, by which services are ended
        if recorder:
            recorder.finish()
    note(f"{spotter.time_s:.1f} s of audio, events: {heard}")
    if hook:
        hook.finish()
        if hook.skipped:
            note(f"--exec: not run for {hook.skipped} events that came while it ran or within a second")
    if recorder:
        note(f"{record}: {recorder.files} recordings")


def _line(event: Event, as_json: bool) -> str:
    if as_json:
        values = {"time_s": round(event.time_s, 3), "label": event.label, "score": round(event.score, 4)}
        return json.dumps(values)
    return f"{event.time_s:7.2f} s  {event.label}  {event.score:.2f}"


def _print_devices(as_json: bool) -> None:
    devices = devices_there()
    if as_json:
        print_json({"devices": [asdict(device) for device in devices]})
        return
    if not devices:
        note(f"no microphone: plug one in, {INSTEAD}")
        return
    print_table(
        (">number", "name", ">channels", ">Hz", ""),
        [
            (str(one.number), one.name, str(one.channels), str(one.sample_rate_hz), "default" if one.default else "")
            for one in devices
        ],
    )
