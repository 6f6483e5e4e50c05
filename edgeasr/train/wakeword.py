"""A wake word from its phrase alone: the settings of its training, the choice of its threshold, its model card."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from edgeasr.bundle import Bundle
from edgeasr.data.augment import AugmentConfig
from edgeasr.data.dataset import Split, load_dataset
from edgeasr.data.files import find_local
from edgeasr.data.phrase import spoken_form
from edgeasr.data.stream import Stream
from edgeasr.errors import ConfigError, DataError
from edgeasr.metrics.detection import Detection
from edgeasr.metrics.operating_point import choose_point, listen, try_thresholds
from edgeasr.runtime import Runtime
from edgeasr.spot import SpotterConfig
from edgeasr.train.config import TrainConfig
from edgeasr.train.keywords import Keywords
from edgeasr.train.wake import LISTENING, WakeConfig

__all__ = ["choose", "model_card", "wakeword_config", "wakeword_stream"]

# How far training varies vocal tracts (share), rooms (share of the segments) and microphones (dB): voices of
# synthesisers, which are all alike in the last two, need more of it.
_VARIETY_OF_PEOPLE, _VARIETY_OF_SYNTHESISERS = (0.1, 0.4, 6.0), (0.15, 0.5, 9.0)

_SPEECH, _NOISE = "read_speech.zip", "noise.zip"
_WORDS = {"speech-commands-words": "speech_commands.zip", "coffee-orders": "coffee_orders.zip"}


def wakeword_config(phrase: str, data: Sequence[str], positives: str, epochs: int, seed: int) -> TrainConfig:
    """Make the settings of the training of a phrase; real speech and noise are used where EDGEASR_DATA has them.

    Args:
        phrase: what to listen for.
        data: data sets with recordings of it, `NAME` or `NAME:PATH`, which train and the first of which judges; none
            for synthetic voices alone.
        positives: folder of own recordings of it; empty for none.
        epochs: passes over the segments.
        seed: of the training.

    Raises:
        ConfigError: there is no such data set.
        DataError: the phrase is nothing that can be spoken, or a data set does not have it.
    """
    phrase = spoken_form(phrase)
    if data:
        _check_recordings(phrase, data)
    named = tuple(spec.partition(":")[0] for spec in data)  # speech-commands are the words too, under other labels
    words = [name for name, archive in _WORDS.items() if not name.startswith(named) and find_local(archive)]
    vocal_tract, reverberation, equaliser_db = _VARIETY_OF_PEOPLE if data else _VARIETY_OF_SYNTHESISERS
    wake = WakeConfig(
        keywords=(phrase,),
        speech=(_SPEECH,) if find_local(_SPEECH) else (),
        noise=_NOISE if find_local(_NOISE) else "",
        positives=positives,
        reverberation=reverberation,
        equaliser_db=equaliser_db,
    )
    augment = AugmentConfig(
        gain_db=15.0,
        noise_probability=0.95,
        noise_snr_db=(-5.0, 20.0),
        vocal_tract=vocal_tract,
        spec_time_frames=15,
        spec_bins=5,
    )
    return TrainConfig(
        model="wake-cnn",
        data=(*data, f"phrase:{phrase}", *words),
        epochs=epochs,
        batch_size=64,
        learning_rate=3e-3,
        clip_norm=5.0,
        seed=seed,
        augment=augment,
        wake=wake,
    )


def _check_recordings(phrase: str, data: Sequence[str]) -> None:
    """Refuse a data set that lacks the phrase, and the first, which judges, if a split of it does: before long work."""
    for spec in data:
        if spec.partition(":")[0] in ("phrase", "synthetic"):
            raise DataError(f"{spec}: expected recordings, got synthetic voices, which train anyway: leave it out")
    datasets = [load_dataset(spec) for spec in data]
    for dataset in datasets:
        if phrase not in dataset.labels:
            labels = ", ".join(dataset.labels) or "sentences"
            raise DataError(f"{dataset.name}: expected recordings of {phrase!r}, got {labels}: name another data set")
    for split in get_args(Split):
        if not any(example.label == phrase for example in datasets[0].of_split(split)):
            raise DataError(
                f"{datasets[0].name}: nobody says {phrase!r} in the split {split!r}: add speakers, or let all that "
                "there are train with --positives"
            )


def wakeword_stream(
    config: TrainConfig,
    split: Split,
    model: Runtime,
    report: Callable[[str], None] = lambda line: None,
    loops: int = 1,
) -> Stream:
    """Make a stream of a split of what a spotter was trained on: its keywords and all the background.

    Args:
        config: of the training.
        split: of the data.
        model: what will listen.
        report: called with a line about each step that takes a while.
        loops: times that the background speech comes, in other noise each time.

    Raises:
        ConfigError: the settings are of another kind of training.
        DataError: the data cannot be used.
    """
    if config.wake is None or model.frontend is None:
        raise ConfigError(f"{config.model} was not trained to spot words in streams")
    return Keywords(config, config.wake, model.frontend.sample_rate_hz, report).stream(split, loops)


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
    wake, phrase = config.wake, bundle.manifest.labels[0]
    assert wake is not None  # it was trained to spot words
    at = config.data.index(f"phrase:{phrase}")
    recorded, others = config.data[:at], config.data[at + 1 :]
    said = (
        "recordings of people. Expect more misses of voices unlike theirs."
        if recorded
        else "spoken by synthetic voices. Expect more misses of people, most of children and of\n"
        "accents that the voices have not."
    )
    measured = "\n".join(f"- {line}" for line in str(found).splitlines())
    return f"""# {phrase}

A spotter of "{phrase}", made by edgeasr.

- file: `{artefact.name}`, {artefact.stat().st_size / 1000:.1f} kB, int8; model {bundle.manifest.model}
- trained with synthetic voices, and recordings of the word: {_list(*recorded, wake.positives)}
- recorded speech to stay quiet on: {_list(*wake.speech, *others)}; recorded noise: {_list(wake.noise)}
- threshold {spotter.threshold:g}, smoothed over {spotter.smoothing_ms:g} ms, an inference each {spotter.hop_ms:g} ms
- licence of the data: {bundle.manifest.licence}

Measured on a stream of the test split, voices and speakers that it was not trained with, in noise at \
{wake.dev_snr_db:g} dB:

{measured}

The words of that stream are {said}
"""


def _list(*names: str) -> str:
    return ", ".join(filter(None, names)) or "none"
