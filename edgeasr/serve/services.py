"""What is served: wake words and speech to text, by artefacts, and how they are announced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
        spotters: make the spotters that every stream is given to, by the names of their artefacts.
        recognisers: make the models that transcribe, likewise.
        words: all that is spotted.
        info: the answer to `describe`.
    """

    spotters: Mapping[str, Callable[[], Spotter]]
    recognisers: Mapping[str, Callable[[], Runtime]]
    words: tuple[str, ...]
    info: dict[str, Any]


def open_services(
    artefacts: Sequence[Path], configs: Sequence[SpotterConfig], runtime: str | None, threads: int, language: str
) -> Services:
    """Load artefacts once, to see what they are and that they work.

    Args:
        artefacts: of classifiers, which spot words, and of recognisers.
        configs: how to listen with each; that of a recogniser plays no part.
        runtime: as `load` takes it.
        threads: likewise.
        language: in which they listen, such as "en".

    Raises:
        ArtefactError, MissingPackageError: one cannot be used.
        ConfigError: a setting is out of range, or two artefacts have the same name or the same word.
    """
    spotters: dict[str, Callable[[], Spotter]] = {}
    recognisers: dict[str, Callable[[], Runtime]] = {}
    wake: list[dict[str, Any]] = []
    asr: list[dict[str, Any]] = []
    for path, config in zip(artefacts, configs, strict=True):
        name = path.stem
        if name in spotters or name in recognisers:
            raise ConfigError(f"{path}: there is another artefact of the name {name}: leave one out")
        model = load(path, runtime, threads)
        if model.ctc:
            Transcriber(model)  # which refuses what it cannot use
            recognisers[name] = lambda path=path: load(path, runtime, threads)  # type: ignore[misc]
            asr.append(_announced(name, f"{name}, {model.scheme}", language))
            continue
        Spotter(model, config)
        spotters[name] = lambda path=path, config=config: Spotter(load(path, runtime, threads), config)  # type: ignore[misc]
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
