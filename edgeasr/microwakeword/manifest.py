"""The manifest of a microWakeWord model, version 2, as ESPHome's micro_wake_word takes it.

Source: esphome/esphome, components/micro_wake_word. It is a JSON file beside a streaming TFLite file, which carries
neither front end nor labels: ESPHome has one front end, and the word is in the manifest.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgeasr.config import read_document
from edgeasr.errors import ArtefactError, ConfigError

__all__ = ["Micro", "WakeManifest", "manifest_of", "model_of", "read_manifest"]

_LARGEST_BYTES = 1 << 16  # of a manifest: what is larger is the JSON of another program


@dataclass(frozen=True)
class Micro:
    """How ESPHome runs a model.

    Attributes:
        feature_step_size: milliseconds from one frame to the next.
        tensor_arena_size: bytes.
        probability_cutoff: what the mean probability must be above.
        sliding_window_size: inferences that the mean is taken over.
        minimum_esphome_version: such as 2024.7.0.
    """

    feature_step_size: int
    tensor_arena_size: int
    probability_cutoff: float
    sliding_window_size: int
    minimum_esphome_version: str

    def __post_init__(self) -> None:
        checks = (
            (0 < self.feature_step_size <= 30, f"feature_step_size must lie in 1 to 30, got {self.feature_step_size}"),
            (self.tensor_arena_size > 0, f"tensor_arena_size must be positive, got {self.tensor_arena_size}"),
            (
                0 <= self.probability_cutoff <= 1,
                f"probability_cutoff must lie in 0 to 1, got {self.probability_cutoff}",
            ),
            (self.sliding_window_size > 0, f"sliding_window_size must be positive, got {self.sliding_window_size}"),
            (
                re.fullmatch(r"\d+\.\d+\.\d+", self.minimum_esphome_version) is not None,
                f"minimum_esphome_version must be like 2024.7.0, got {self.minimum_esphome_version!r}",
            ),
        )
        for fine, complaint in checks:
            if not fine:
                raise ConfigError(complaint)


@dataclass(frozen=True)
class WakeManifest:
    """What a manifest says, by the names it has in the file.

    Attributes:
        wake_word: what to say.
        author: of the model.
        trained_languages: such as "en".
        model: name of the TFLite file beside the manifest.
        micro: how ESPHome runs it.
        website: of the author.
        type, version: of the document.
    """

    wake_word: str
    author: str
    trained_languages: tuple[str, ...]
    model: str
    micro: Micro
    website: str = ""
    type: Literal["micro"] = "micro"
    version: int = 2

    def __post_init__(self) -> None:
        if self.version != 2:
            raise ConfigError(f"version must be 2, got {self.version}")
        if not self.wake_word.strip():
            raise ConfigError("wake_word must not be empty")


def read_manifest(path: Path) -> WakeManifest:
    """Read a manifest.

    Raises:
        ArtefactError: the file cannot be read, or is no manifest that ESPHome takes.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ConfigError(f"it has more than {_LARGEST_BYTES} bytes")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, Mapping) or "micro" not in values:
            raise ConfigError("it has no part 'micro'")
        missing = sorted({"type", "version"} - set(values))  # which have a default here
        if missing:
            raise ConfigError(f"it has no {missing[0]!r}")
        return read_document(WakeManifest, values, str(path))
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError, ConfigError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise ArtefactError(f"{path}: expected the manifest (v2) of a microWakeWord model: {reason}") from error


def model_of(path: Path) -> Path:
    """Give the TFLite file of a manifest: the one it names, or, renamed with it, the one of its own name.

    A path that is not of a `.json` file is given as it is.

    Raises:
        ArtefactError: it is no manifest, or its model is not there.
    """
    if path.suffix != ".json":
        return path
    named = path.parent / Path(read_manifest(path).model).name
    for file in (named, path.with_suffix(".tflite")):
        if file.is_file():
            return file
    raise ArtefactError(f"{path}: its model {named.name} is not beside it: put it there")


def manifest_of(model: Path) -> WakeManifest | None:
    """Find the manifest of a TFLite file beside it: the one of its name, or one that names it; None where none is.

    Raises:
        ArtefactError: the one of its name is a damaged manifest.
    """
    own = model.with_suffix(".json")
    if own.is_file():
        return read_manifest(own) if b'"micro"' in own.read_bytes()[:_LARGEST_BYTES] else None
    for path in sorted(model.parent.glob("*.json")):
        try:
            manifest = read_manifest(path)
        except ArtefactError:  # other programs write JSON too
            continue
        if Path(manifest.model).name == model.name:
            return manifest
    return None
