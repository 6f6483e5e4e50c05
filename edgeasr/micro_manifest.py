"""The manifest of a microWakeWord model, version 2, as ESPHome's micro_wake_word takes it, and what its loader checks.

Source: esphome/esphome, components/micro_wake_word. A manifest is a JSON file beside a streaming TFLite file, which
carries neither front end nor labels: ESPHome has one front end, and the word is in the manifest.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgeasr.card import Card, Stepping, read_from_tflite
from edgeasr.config import read_document
from edgeasr.errors import ArtefactError, ConfigError
from edgeasr.features.micro import MICRO
from edgeasr.tflite.flatbuffer import FlatBuffer
from edgeasr.tflite.model import Model, Tensor, read_model

__all__ = [
    "Detection",
    "Micro",
    "WakeManifest",
    "card_of",
    "check_model",
    "detection_of",
    "manifest_of",
    "model_of",
    "quantisation_of",
    "read_manifest",
    "refusals",
]

_SCHEMA_VERSION = 3
_SLICES_IGNORED = 74  # frames at the start, in which ESPHome detects nothing
_MOST_VARIABLES = 20
_OPERATORS = frozenset(
    (
        *("CALL_ONCE", "VAR_HANDLE", "RESHAPE", "READ_VARIABLE", "STRIDED_SLICE", "CONCATENATION", "ASSIGN_VARIABLE"),
        *("CONV_2D", "MUL", "ADD", "MEAN", "FULLY_CONNECTED", "LOGISTIC", "QUANTIZE", "DEPTHWISE_CONV_2D"),
        *("AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD", "PACK", "SPLIT_V"),
    )
)  # that ESPHome's resolver registers


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
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, Mapping) or "micro" not in values:
            raise ConfigError("it has no part 'micro'")
        missing = sorted({"type", "version"} - set(values))  # which have a default here
        if missing:
            raise ConfigError(f"it has no {missing[0]!r}")
        return read_document(WakeManifest, values, str(path))
    except (OSError, ValueError, ConfigError) as error:
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
        return read_manifest(own) if '"micro"' in own.read_text(encoding="utf-8", errors="replace") else None
    for path in sorted(model.parent.glob("*.json")):
        try:
            manifest = read_manifest(path)
        except ArtefactError:  # other programs write JSON too
            continue
        if manifest.model == model.name:
            return manifest
    return None


def card_of(path: Path) -> Card | None:
    """Read what a TFLite file says about itself; of one that carries nothing, what a manifest beside it says.

    Raises:
        ArtefactError: the card or the manifest is damaged, or the model is not what the manifest is for.
    """
    own = read_from_tflite(path)
    if own or not (manifest := manifest_of(path)):
        return own
    return _card(manifest, path)


@dataclass(frozen=True)
class Detection:
    """How a manifest says that its word is detected: one inference every `step_ms`, and the mean over `window_ms`."""

    step_ms: float
    window_ms: float
    threshold: float


def detection_of(path: Path) -> Detection | None:
    """Read how the word of a manifest, or of a TFLite file that has one instead of a card, is detected.

    Raises:
        ArtefactError: the manifest is damaged, or its model.
    """
    if path.suffix == ".json":
        manifest: WakeManifest | None = read_manifest(path)
    elif path.suffix == ".tflite" and read_from_tflite(path) is None:
        manifest = manifest_of(path)
    else:
        manifest = None
    if manifest is None:
        return None
    graph = read_model(model_of(path)).subgraphs[0]
    step_ms = float(graph.tensors[graph.inputs[0]].shape[1] * manifest.micro.feature_step_size)
    threshold = float(np.nextafter(np.float32(manifest.micro.probability_cutoff), np.float32(1)))  # it must be above
    return Detection(step_ms, step_ms * manifest.micro.sliding_window_size, threshold)


def _card(manifest: WakeManifest, path: Path) -> Card:
    model = read_model(path)
    check_model(model, str(path))
    graph = model.subgraphs[0]
    given, scored = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    hop_frames = given.shape[1]
    steps = _SLICES_IGNORED // hop_frames + 1
    frames = steps * hop_frames
    hop_ms = float(manifest.micro.feature_step_size)
    frontend = replace(MICRO, hop_ms=hop_ms, clip_ms=MICRO.window_ms + (frames - 1) * hop_ms)
    return Card(
        model=manifest.wake_word,
        scheme="int8",
        labels=(" ".join(manifest.wake_word.lower().split()),),
        frontend=frontend,
        output="probabilities",
        model_sha256="",
        quantisation={"input": quantisation_of(given), "output": quantisation_of(scored)},
        created_by=manifest.author,
        stepping=Stepping(frames, hop_frames, 1, steps - 1, None),
    )


def check_model(model: Model, where: str) -> None:
    """Check what ESPHome checks before it runs a model, and what it would fail at.

    Args:
        model: the TFLite file.
        where: what it is, for messages.

    Raises:
        ArtefactError: a check fails, or several.
    """
    complaints = list(_complaints(model))
    if complaints:
        raise ArtefactError(f"{where}: not a model that ESPHome runs: {'; '.join(complaints)}")


def refusals(path: Path) -> list[str]:
    """List what ESPHome's loader would refuse a manifest and its model for; empty where it takes them.

    Whether the arena is large enough is not among it.

    Args:
        path: the manifest.

    Raises:
        ArtefactError: the model cannot be read.
    """
    try:
        named = path.parent / Path(read_manifest(path).model).name
        model = model_of(path)
    except ArtefactError as error:
        return [str(error)]
    found = [] if model == named else [f"its model {named.name} is not beside it"]
    version = FlatBuffer(model.read_bytes(), str(model)).root().number(0, "I")
    if version != _SCHEMA_VERSION:
        found.append(f"expected version {_SCHEMA_VERSION} of TFLite's schema, got {version}")
    return [*found, *_complaints(read_model(model))]


def _complaints(model: Model) -> list[str]:
    graph = model.subgraphs[0]
    found = []
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return [f"expected one input and one output, got {len(graph.inputs)} and {len(graph.outputs)}"]
    given, scored = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    if given.type != "INT8" or len(given.shape) != 3 or (given.shape[0], given.shape[2]) != (1, MICRO.mel_bins):
        found.append(f"expected an input int8 [1, frames, {MICRO.mel_bins}], got {_kind(given)}")
    if scored.type != "UINT8" or scored.shape != (1, 1):
        found.append(f"expected an output uint8 [1, 1], got {_kind(scored)}")
    operators = [operator for part in model.subgraphs for operator in part.operators]
    foreign = sorted({operator.name for operator in operators} - _OPERATORS)
    if foreign:
        found.append(f"it has no {', '.join(foreign)}")
    variables = {operator.options.get("shared_name") for operator in operators if operator.name == "VAR_HANDLE"}
    if len(variables) > _MOST_VARIABLES:
        found.append(f"expected at most {_MOST_VARIABLES} resource variables, got {len(variables)}")
    return found


def _kind(tensor: Tensor) -> str:
    return f"{tensor.type.lower()} {list(tensor.shape)}"


def quantisation_of(tensor: Tensor) -> dict[str, Any]:
    """Describe the quantisation of a tensor as `Card.quantisation` has it."""
    description: dict[str, Any] = {"dtype": tensor.dtype.name}
    if tensor.scale is None or tensor.zero_point is None:
        return description
    return {**description, "scale": float(tensor.scale[0]), "zero_point": int(tensor.zero_point[0])}
