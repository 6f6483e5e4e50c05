"""`edgeasr transcribe`: the words in a file, a pipe or the microphone."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.source import Blocks
from edgeasr.audio.wav import read_clip
from edgeasr.cli.options import lm_option, runtime_option, threads_option
from edgeasr.cli.output import note, print_json
from edgeasr.cli.sources import check_source, device_option, open_source, rate_option
from edgeasr.decode.beam import BeamDecoder
from edgeasr.decode.ngram import LanguageModel
from edgeasr.features import FrontendConfig
from edgeasr.runtime import load
from edgeasr.transcribe import StreamingTranscriber, TimedWord, Transcriber

__all__ = ["command"]

_BLOCK_S = 0.1


@click.command("transcribe")
@click.argument("artefact", type=click.Path(path_type=Path))
@click.argument("source", required=False)
@click.option("--stream", is_flag=True, help="Print words as they come; for the microphone always.")
@lm_option
@rate_option
@device_option
@threads_option
@runtime_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --stream one a word.")
def command(
    artefact: Path,
    source: str | None,
    stream: bool,
    lm: Path | None,
    rate: int | None,
    device: str | None,
    threads: int,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Write down what is said in a file, a stream or the microphone.

    SOURCE is a file, - for raw 16-bit mono on standard input, by default the microphone. A file must fit the model's
    window; --stream takes any length, for models of limited look-ahead.

    \b
    edgeasr transcribe orders/ctc-small.int8.tflite order.wav --lm orders/words.arpa
    arecord -t raw -f S16_LE -r 16000 | edgeasr transcribe orders/ctc-small.int8.tflite - --stream
    """
    check_source(source, rate, device)
    stream = stream or source is None
    if stream and lm:
        raise click.UsageError("--lm chooses among whole sentences: leave it out with --stream and the microphone")
    model = load(artefact, runtime, threads)
    note(f"{artefact.name}: {model.scheme}, run by {model.version}, threads: {threads}")
    if stream:
        transcriber = StreamingTranscriber(model)
        rate_hz = transcriber.frontend.sample_rate_hz
        with closing(open_source(source, rate, device, rate_hz, round(_BLOCK_S * rate_hz))) as blocks:
            _stream(transcriber, blocks, as_json, microphone=source is None)
        return
    transcribe = Transcriber(model, BeamDecoder(model.labels, LanguageModel.read(lm)) if lm else None)
    clip, where = _read(str(source), rate, transcribe.frontend)
    words = transcribe(clip, where)
    text = " ".join(word.text for word in words)
    if as_json:
        print_json({"text": text, "words": [_plain(word) for word in words]})
    else:
        click.echo(text)


def _read(source: str, rate: int | None, frontend: FrontendConfig) -> tuple[Clip, str]:
    """Read a file, or standard input up to a block more than the model's window, which is too much then."""
    if source != "-":
        return read_clip(Path(source)), source
    rate_hz = frontend.sample_rate_hz
    samples: list[NDArray[np.float32]] = []
    with closing(open_source(source, rate, None, rate_hz, round(_BLOCK_S * rate_hz))) as blocks:
        for block in blocks:
            samples.append(block)
            if sum(map(len, samples)) > frontend.clip_samples:
                break
    return Clip(np.concatenate(samples), rate_hz), "standard input"


def _stream(transcriber: StreamingTranscriber, blocks: Blocks, as_json: bool, microphone: bool) -> None:
    before: TimedWord | None = None
    for word in _words(transcriber, blocks, microphone):
        if as_json:
            click.echo(json.dumps({**_plain(word), "utterance": word.utterance}))
        else:
            gap = "" if before is None else " " if word.utterance == before.utterance else "\n"
            click.echo(f"{gap}{word.text}", nl=False)  # flushed at once: somebody is reading along
        before = word
    if before and not as_json:
        click.echo()


def _words(transcriber: StreamingTranscriber, blocks: Blocks, microphone: bool) -> Iterator[TimedWord]:
    try:
        for block in blocks:
            yield from transcriber.feed(block)
    except KeyboardInterrupt:
        if not microphone:
            raise
    yield from transcriber.finish()


def _plain(word: TimedWord) -> dict[str, object]:
    return {"word": word.text, "start_s": round(word.start_s, 3), "end_s": round(word.end_s, 3)}
