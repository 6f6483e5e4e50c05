"""A wake word that nobody recorded: the settings of its training, and how its spotter listens."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgeasr.bundle import Bundle
from edgeasr.data.augment import AugmentConfig
from edgeasr.data.dataset import Split
from edgeasr.data.files import find_local
from edgeasr.data.phrase import spoken_form
from edgeasr.data.stream import Stream
from edgeasr.errors import ConfigError
from edgeasr.metrics.detection import Detection
from edgeasr.metrics.operating_point import choose_point, listen, try_thresholds
from edgeasr.runtime import Runtime
from edgeasr.spot import SpotterConfig
from edgeasr.train.config import TrainConfig
from edgeasr.train.keywords import Keywords
from edgeasr.train.wake import WakeConfig

__all__ = ["LISTENING", "choose", "model_card", "wakeword_config", "wakeword_stream"]

LISTENING = SpotterConfig(hop_ms=30, smoothing_ms=120, refractory_ms=1000)

_SPEECH, _NOISE = "read_speech.zip", "noise.zip"
_WORDS = {"speech-commands": "speech_commands.zip", "coffee-orders": "coffee_orders.zip"}


def wakeword_config(phrase: str, positives: str, epochs: int, seed: int) -> TrainConfig:
    """Make the settings of the training of a phrase; real speech and noise are used where EDGEASR_DATA has them.

    Args:
        phrase: what to listen for.
        positives: folder of own recordings of it; empty for none.
        epochs: passes over the segments.
        seed: of the training.

    Raises:
        DataError: the phrase is nothing that can be spoken.
    """
    phrase = spoken_form(phrase)
    words = [name for name, archive in _WORDS.items() if find_local(archive)]
    wake = WakeConfig(
        keywords=(phrase,),
        speech=(_SPEECH,) if find_local(_SPEECH) else (),
        noise=_NOISE if find_local(_NOISE) else "",
        positives=positives,
        reverberation=0.5,
        equaliser_db=9.0,
    )
    augment = AugmentConfig(
        gain_db=15.0,
        noise_probability=0.95,
        noise_snr_db=(-5.0, 20.0),
        vocal_tract=0.15,
        spec_time_frames=15,
        spec_bins=5,
    )
    return TrainConfig(
        model="wake-cnn",
        data=(f"phrase:{phrase}", *words),
        epochs=epochs,
        batch_size=64,
        learning_rate=3e-3,
        clip_norm=5.0,
        seed=seed,
        augment=augment,
        wake=wake,
    )


def wakeword_stream(
    config: TrainConfig, split: Split, model: Runtime, report: Callable[[str], None] = lambda line: None
) -> Stream:
    """Make a stream of a split of what a spotter was trained on: its keywords and all the background.

    Args:
        config: of the training.
        split: of the data.
        model: what will listen.
        report: called with a line about each step that takes a while.

    Raises:
        ConfigError: the settings are of another kind of training.
        DataError: the data cannot be used.
    """
    if config.wake is None or model.frontend is None:
        raise ConfigError(f"{config.model} was not trained to spot words in streams")
    return Keywords(config, config.wake, model.frontend.sample_rate_hz, report).stream(split)


def choose(
    model: Runtime,
    stream: Stream,
    false_accepts_per_hour: float,
    progress: Callable[[float], None] = lambda done: None,
    report: Callable[[str], None] = lambda line: None,
) -> SpotterConfig:
    """Choose the threshold of a spotter on a stream; where none is good enough, the highest there is, and say so."""
    listened = listen(model, LISTENING, stream.clip, progress)
    points = try_thresholds(listened, stream.words)
    chosen = choose_point(points, false_accepts_per_hour)
    if chosen is None:
        chosen = points[-1]
        rate = chosen.detection.false_accepts_per_hour
        report(
            f"no threshold has {false_accepts_per_hour:g} false accepts an hour or fewer: the highest has {rate:.1f}"
        )
    return replace(LISTENING, threshold=chosen.threshold)


def model_card(bundle: Bundle, artefact: Path, config: TrainConfig, spotter: SpotterConfig, found: Detection) -> str:
    """Write about a wake word what people want to know before they use it, as Markdown."""
    wake = config.wake
    real = ", ".join(wake.speech) if wake and wake.speech else "none"
    own = f"own recordings of {wake.positives}" if wake and wake.positives else "none"
    measured = "\n".join(f"- {line}" for line in str(found).splitlines())
    return f"""# {bundle.manifest.labels[0]}

A spotter of "{bundle.manifest.labels[0]}", made by edgeasr.

- file: `{artefact.name}`, {artefact.stat().st_size / 1000:.1f} kB, int8; model {bundle.manifest.model}
- trained with synthetic voices; recordings of the word: {own}
- recorded speech to stay quiet on: {real}; other data: {", ".join(config.data)}
- threshold {spotter.threshold:g}, smoothed over {spotter.smoothing_ms:g} ms, an inference each {spotter.hop_ms:g} ms
- licence of the data: {bundle.manifest.licence}

Measured on a stream of the test split, voices and speakers that it was not trained with:

{measured}

The words of that stream are spoken by synthetic voices. Expect more misses of people, most of children and of
accents that the voices have not.
"""
