"""`edgeasr serve`."""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from edgeasr.cli.options import runtime_option, threads_option
from edgeasr.cli.output import note
from edgeasr.cli.spotting import spotter_config, spotter_options
from edgeasr.errors import ConfigError
from edgeasr.spot import SpotterConfig

__all__ = ["command"]


@click.command("serve")
@click.argument("artefacts", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--wyoming",
    "address",
    default="tcp://127.0.0.1:10400",
    show_default=True,
    callback=lambda ctx, option, value: _parse_address(value),
    help="Where to serve; tcp://0.0.0.0:10400 for other machines too, which are not asked who they are.",
)
@click.option("--language", default="en", show_default=True, help="Language that clients are told.")
@spotter_options
@threads_option
@runtime_option
@click.option("--json", "as_json", is_flag=True, help="Print what is heard as JSON, one object a line.")
def command(
    artefacts: tuple[Path, ...],
    address: tuple[str, int],
    language: str,
    spotting: dict[str, Any],
    threads: int,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Serve wake words and speech to text to Home Assistant and others.

    The protocol is Wyoming. Artefacts that spot words make the wake-word service, those that transcribe the
    speech-to-text service, together on one port. Each client has its own state. One line for each word heard.

    \b
    edgeasr serve digits/ds-cnn.int8.tflite
    edgeasr serve --wyoming tcp://0.0.0.0:10400 alexa.tflite orders.tflite
    """
    from edgeasr.serve.server import serve
    from edgeasr.serve.services import open_services

    limits = spotting.get("threshold", [])

    def configure(artefact: Path, labels: Sequence[str]) -> SpotterConfig:
        own = [(label, limit) for label, limit in limits if not label or label in labels]
        return spotter_config(artefact, {**spotting, "threshold": own})

    services = open_services(artefacts, configure, runtime, threads, language)
    for label, _ in limits:
        if label and label not in services.words:
            raise ConfigError(f"spotter: threshold for {label!r}, which is none of {', '.join(services.words)}")
    host, port = address
    shown = f"[{host}]" if ":" in host else host  # IPv6
    names = [f"wake words {', '.join(services.words)}"] if services.words else []
    names += [f"speech to text by {name}" for name in services.recognisers]

    def started(port: int) -> None:
        note(f"serving {' and '.join(names)} at tcp://{shown}:{port}; Ctrl-C ends")

    def report(heard: dict[str, Any]) -> None:
        click.echo(json.dumps(heard) if as_json else _line(heard))

    async def run() -> None:
        # An exception out of the handler, as elsewhere, could hit the loop anywhere; asyncio sees to SIGINT itself.
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await serve(services, host, port, started, note, report)

    try:
        asyncio.run(run())
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)


def _line(heard: dict[str, Any]) -> str:
    if heard["type"] == "transcript":
        return f"{heard['client']}  said  {heard['text']}"
    return f"{heard['client']}  {heard['timestamp'] / 1000:7.2f} s  {heard['name']}  {heard['score']:.2f}"


def _parse_address(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or text.partition("://")[0] != "tcp":
        raise click.BadParameter(f"expected tcp://HOST:PORT, got {text!r}")
    return host, port
