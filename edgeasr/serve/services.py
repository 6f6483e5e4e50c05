"""What is served: wake words and speech to text, by artefacts, and how they are announced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edgeasr import __version__
from edgeasr.errors import ConfigError
from edgeasr.runtime import Runtime, load
from edgeasr.spot import Spotter, SpotterConfig
from edgeasr.spot.decoder import is_keyword
from edgeasr.transcribe import Transcriber

__all__ = ["Services", "open_services"]

_ATTRIBUTION = {"name": "edgeasr", "url": "https://github.com/edgeasr/edgeasr"}


@dataclass(frozen=True)
class Services:
    """What a client can ask for. Each client gets spotters and models of its own, which hold its state.

    Attributes:
        spotters: make the spotters that every stream is given to.
        recognisers: make the models that transcribe, by the names of their artefacts.
        words: all that is spotted.
        info: the answer to `describe`.
    """

    spotters: Sequence[Callable[[], Spotter]]
    recognisers: Mapping[str, Callable[[], Runtime]]
    words: tuple[str, ...]
    info: dict[str, Any]


def open_services(
    artefacts: Sequence[Path],
    configure: Callable[[Path, Sequence[str]], SpotterConfig],
    runtime: str | None,
    threads: int,
    language: str,
) -> Services:
    """Load artefacts once, to see what they are and that they work.

    Args:
        artefacts: of classifiers, which spot words, and of recognisers.
        configure: tells how to listen with a classifier, by its path and its labels.
        runtime: as `load` takes it.
        threads: likewise.
        language: in which they listen, such as "en".

    Raises:
        ArtefactError, MissingPackageError: one cannot be used.
        ConfigError: a setting is out of range, or two artefacts spot the same word, or transcribe by the same name.
    """
    spotters: list[Callable[[], Spotter]] = []
    recognisers: dict[str, Callable[[], Runtime]] = {}
    wake: list[dict[str, Any]] = []
    asr: list[dict[str, Any]] = []
    for path in artefacts:
        name, model = path.stem, load(path, runtime, threads)
        if model.ctc:
            Transcriber(model)  # which refuses what it cannot use
            if name in recognisers:
                raise ConfigError(f"{path}: another artefact is called {name} too: rename one of them")
            recognisers[name] = partial(load, path, runtime, threads)
            asr.append(_announced(name, f"{name}, {model.scheme}", language))
            continue
        config = configure(path, model.labels)
        Spotter(model, config)
        spotters.append(partial(_spotter, path, config, runtime, threads))
        for word in filter(is_keyword, model.labels):
            if any(other["name"] == word for other in wake):
                raise ConfigError(f"{path}: another artefact spots {word!r} too: leave one of them out")
            phrase = {"phrase": word.replace("_", " ")}
            wake.append({**_announced(word, f"{word}, by {name}, {model.scheme}", language), **phrase})
    info = {
        "wake": [_program("spotting of words", wake)] if wake else [],
        "asr": [{**_program("speech to text", asr), "supports_transcript_streaming": False}] if asr else [],
        **{domain: [] for domain in ("tts", "handle", "intent", "mic", "snd")},
    }
    return Services(spotters, recognisers, tuple(model["name"] for model in wake), info)


def _spotter(path: Path, config: SpotterConfig, runtime: str | None, threads: int) -> Spotter:
    return Spotter(load(path, runtime, threads), config)


def _program(description: str, models: list[dict[str, Any]]) -> dict[str, Any]:
    return {**_artifact("edgeasr", description), "models": models}


def _announced(name: str, description: str, language: str) -> dict[str, Any]:
    return {**_artifact(name, description), "languages": [language]}


def _artifact(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "attribution": _ATTRIBUTION,
        "installed": True,
        "description": description,
        "version": __version__,
    }
