"""The card of a TFLite file: its own, or what a microWakeWord manifest beside it says."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgeasr.card import Card, Stepping, read_from_tflite
from edgeasr.features.micro import MICRO
from edgeasr.microwakeword.loader import check_model
from edgeasr.microwakeword.manifest import WakeManifest, manifest_of, model_of, read_manifest

__all__ = ["Detection", "card_of", "detection_of"]

_SLICES_IGNORED = 74  # frames at the start, in which ESPHome detects nothing


@dataclass(frozen=True)
class Detection:
    """How a manifest says that its word is detected: one inference every `step_ms`, and the mean over `window_ms`."""

    step_ms: float
    window_ms: float
    threshold: float


def card_of(path: Path) -> Card | None:
    """Read what a TFLite file says about itself; of one that carries nothing, what a manifest beside it says.

    Raises:
        ArtefactError: the card or the manifest is damaged, or the model is not what the manifest is for.
    """
    own = read_from_tflite(path)
    if own or not (manifest := manifest_of(path)):
        return own
    return _card(manifest, path)


def detection_of(path: Path) -> Detection | None:
    """Read how the word of a manifest, or of a TFLite file that has one instead of a card, is detected.

    Raises:
        ArtefactError: the manifest is damaged, or its model.
    """
    if path.suffix == ".json":
        manifest: WakeManifest | None = read_manifest(path)
    elif path.suffix == ".tflite" and path.is_file() and read_from_tflite(path) is None:
        manifest = manifest_of(path)
    else:
        manifest = None
    if manifest is None:
        return None
    from edgeasr.tflite.model import read_model  # most files have a card, and are not read here

    graph = read_model(model_of(path)).subgraphs[0]
    step_ms = float(graph.tensors[graph.inputs[0]].shape[1] * manifest.micro.feature_step_size)
    threshold = float(np.nextafter(np.float32(manifest.micro.probability_cutoff), np.float32(1)))  # it must be above
    return Detection(step_ms, step_ms * manifest.micro.sliding_window_size, threshold)


def _card(manifest: WakeManifest, path: Path) -> Card:
    from edgeasr.tflite.model import read_model
    from edgeasr.tflite.quantisation import quantisation_of

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
