"""`edgeasr evaluate --stream`: a spotter on continuous audio."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeasr.cli.output import note, print_json, print_table, progress_bar
from edgeasr.cli.stream_options import StreamSettings

if TYPE_CHECKING:
    from edgeasr.bundle import Bundle
    from edgeasr.data.dataset import Example, Split
    from edgeasr.data.stream import Stream
    from edgeasr.metrics.operating_point import Listened, OperatingPoint
    from edgeasr.runtime import Runtime
    from edgeasr.spot import SpotterConfig

__all__ = ["evaluate_stream"]

_SNRS_DB = (20.0, 10.0, 5.0, 0.0)
_GAINS_DB = (-20.0, -10.0, 10.0, 20.0)
_CLIPPING_DB = 30.0
_SPEEDS = (0.9, 1.1)
_DECAYS_S = (0.3, 0.6)


def evaluate_stream(
    model: "Runtime",
    config: "SpotterConfig",
    settings: StreamSettings,
    examples: "Sequence[Example]",
    split: "Split",
    plot: Path | None,
    bundle: "Bundle | None",
    as_json: bool,
) -> None:
    """Measure a spotter on continuous audio and print what it found.

    Args:
        model: what to listen with.
        config: of the spotter.
        settings: what to do.
        examples: words for the stream; none for a recording.
        split: of noise and speech.
        plot: where to draw the trade-off.
        bundle: which keeps the settings; None where they are not to be kept.
        as_json: whether to print for programs.

    Raises:
        EdgeASRError: the model cannot spot, the data cannot be read, or no threshold gives what is asked for.
    """
    from edgeasr.data.stream import write_stream
    from edgeasr.metrics.operating_point import OperatingPoint, try_thresholds

    make = _stream_maker(model, settings, examples, split)
    stream = make(settings.snr_db)
    note(f"{model.version} on {stream.clip.duration_s / 60:.1f} minutes with {len(stream.words)} words")
    if settings.truth:
        write_stream(settings.truth, stream)
    listened = _listen(model, config, stream)
    used = OperatingPoint(config.threshold, listened.measure(config, stream.words))
    if settings.target_fa_per_hour is not None or plot:
        points = try_thresholds(listened, stream.words)
        if settings.target_fa_per_hour is not None:
            used = _choose(points, settings.target_fa_per_hour)
            config = replace(config, threshold=used.threshold, thresholds={})
        if plot:
            from edgeasr.metrics.plot import plot_det

            plot_det(points, used, plot)
    rows = {"as it is": used.detection}
    if settings.robustness:
        for name, disturbed in _disturbed(stream, None if settings.recording else make):
            rows[name] = _listen(model, config, disturbed, name).measure(config, disturbed.words)
    if bundle:
        _keep(bundle, model, settings, split, config, used)
    result = {"threshold": used.threshold, **used.detection.to_json()}
    if as_json:
        disturbances = {name: row.to_json() for name, row in rows.items()} if settings.robustness else {}
        print_json({**result, "robustness": disturbances})
        return
    click.echo(f"threshold {used.threshold:g}")
    click.echo(str(used.detection))
    _print_labels(used)
    if settings.robustness:
        _print_robustness(rows)


def _stream_maker(
    model: "Runtime", settings: StreamSettings, examples: "Sequence[Example]", split: "Split"
) -> "Callable[[float], Stream]":
    """Read what a stream is made of; give a function that makes it at a ratio of speech to noise."""
    from edgeasr.audio.resample import resample
    from edgeasr.data.noise import noise_bank
    from edgeasr.data.stream import build_stream, read_stream, record_words
    from edgeasr.errors import DataError
    from edgeasr.metrics.detection import name_words
    from edgeasr.spot import Spotter
    from edgeasr.spot.decoder import is_keyword

    rate_hz = Spotter(model).sample_rate_hz  # which refuses what cannot spot
    keywords = [label for label in model.labels if is_keyword(label)]
    if settings.recording:
        stream = read_stream(settings.recording)
        named = replace(stream, clip=resample(stream.clip, rate_hz), words=name_words(stream.words, keywords))
        return lambda snr_db: named
    words = record_words([example for example in examples if example.label != "silence"], rate_hz)
    if not any(word.label in keywords for word in words):
        raise DataError(f"none of {', '.join(keywords)} is said in the {split} split: choose other data")
    noise = noise_bank(settings.noise, rate_hz, split)
    speech = noise_bank(settings.speech, rate_hz, split) if settings.speech else noise[:0]
    return lambda snr_db: build_stream(words, keywords, rate_hz, noise, speech, snr_db, settings.seed, settings.loops)


def _listen(model: "Runtime", config: "SpotterConfig", stream: "Stream", what: str = "listening") -> "Listened":
    from edgeasr.metrics.operating_point import listen

    with progress_bar(what) as progress:
        return listen(model, config, stream.clip, progress)


def _disturbed(stream: "Stream", make: "Callable[[float], Stream] | None") -> "Iterator[tuple[str, Stream]]":
    """Give the streams of the robustness table; a recording has its noise already."""
    from edgeasr.data.disturb import amplify, reverberate, speed_up, telephone

    if make:
        for snr_db in _SNRS_DB:
            yield f"SNR {snr_db:g} dB", make(snr_db)
    for gain_db in _GAINS_DB:
        yield f"gain {gain_db:+g} dB", replace(stream, clip=amplify(stream.clip, gain_db))
    for factor in _SPEEDS:
        yield f"speed x {factor:g}", speed_up(stream, factor)
    for decay_s in _DECAYS_S:
        yield f"room ({decay_s:g} s to -60 dB)", replace(stream, clip=reverberate(stream.clip, decay_s))
    yield f"clipped ({_CLIPPING_DB:+g} dB)", replace(stream, clip=amplify(stream.clip, _CLIPPING_DB))
    yield "telephone (300-3400 Hz)", replace(stream, clip=telephone(stream.clip))


def _choose(points: "list[OperatingPoint]", target_fa_per_hour: float) -> "OperatingPoint":
    from edgeasr.errors import ConfigError
    from edgeasr.metrics.operating_point import choose_point

    chosen = choose_point(points, target_fa_per_hour)
    if chosen is None:
        highest = points[-1]
        raise ConfigError(
            f"no threshold has {target_fa_per_hour:g} false accepts an hour or fewer: {highest.threshold:g} has "
            f"{highest.detection.false_accepts_per_hour:.1f}: smooth longer, or train with more of this background"
        )
    low, high = chosen.detection.false_accepts_interval
    if high > 2 * target_fa_per_hour:
        note(
            f"the threshold was chosen on {chosen.detection.background_s / 3600:.2f} hours of background, which leave "
            f"{low:.2f} to {high:.2f} false accepts an hour possible: measure it on more, and on another split"
        )
    return chosen


def _keep(
    bundle: "Bundle",
    model: "Runtime",
    settings: StreamSettings,
    split: "Split",
    config: "SpotterConfig",
    used: "OperatingPoint",
) -> None:
    """Let a bundle keep the settings for listening, with what was measured of them."""
    from edgeasr.config import to_mapping

    made_of = {"split": split, "snr_db": settings.snr_db}
    measured = {
        "artefact": "" if model.path.is_dir() else model.path.name,
        **({"recording": settings.recording.name} if settings.recording else made_of),
        **used.detection.to_json(),
    }
    bundle.keep_spotting({"config": to_mapping(config), "measured": measured})
    note(f"{bundle.path}: keeps the threshold {config.threshold:g} for listening")


def _print_labels(used: "OperatingPoint") -> None:
    print_table(
        ("label", ">words", ">missed", ">confused", ">false accepts"),
        [
            (label, str(item.words), str(item.missed), str(item.confused), str(item.false_accepts))
            for label, item in used.detection.labels.items()
        ],
    )


def _print_robustness(rows: dict[str, Any]) -> None:
    columns = ("disturbance", ">missed", ">false accepts", ">an hour", "95 % interval")
    lines = []
    for name, row in rows.items():
        low, high = row.false_accepts_interval
        rate = f"{row.false_accepts_per_hour:.1f}"
        lines.append((name, f"{row.miss_rate:.1%}", str(row.false_accepts), rate, f"{low:.1f} to {high:.1f}"))
    print_table(columns, lines)
