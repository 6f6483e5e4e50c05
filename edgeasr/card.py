"""The card: what one artefact must carry inside to be used alone, and how it is written into a TFLite file.

A TFLite file gets it the way the TFLite metadata format packs associated files: as a ZIP archive appended to the
FlatBuffer, which every interpreter ignores and every unzip program reads (https://ai.google.dev/edge/litert/models/metadata).
An ONNX file holds it in `metadata_props`.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edgeasr.config import read_document, to_mapping
from edgeasr.errors import ArtefactError, ConfigError
from edgeasr.features.config import FrontendConfig

__all__ = [
    "FEATURES",
    "LABELS_FILE",
    "METADATA_KEY",
    "SCORES",
    "Card",
    "CtcOutput",
    "OutputKind",
    "State",
    "Stepping",
    "append_to_tflite",
    "read_from_tflite",
]

METADATA_KEY = "edgeasr"
FEATURES, SCORES = "features", "scores"  # names of the input and the output of a file
LABELS_FILE = "labels.txt"  # in the archive
_MEMBER = "edgeasr.json"
_LARGEST_CARD = 1 << 20  # bytes at the end of the file, where to look for one

OutputKind = Literal["logits", "probabilities"]


@dataclass(frozen=True)
class CtcOutput:
    """How the output frames of a CTC model, [frames, labels], follow its input frames.

    Attributes:
        first: input frames that the first output frame takes: the receptive field of all convolutions without
            padding; 1 where they pad.
        stride: input frames from one output frame to the next.
        lookahead: input frames after those that `count` asks for which an output frame depends on: 0 where all is
            causal; None for the whole utterance, as in bidirectional models.
    """

    first: int = 1
    stride: int = 1
    lookahead: int | None = 0

    def count(self, frames: int) -> int:
        """Count the output frames of `frames` input frames."""
        return max(0, 1 + (frames - self.first) // self.stride)


@dataclass(frozen=True)
class State:
    """What a step model remembers in one of its tensors, zero at the start.

    Attributes:
        input: name of the tensor that comes in; of a TFLite file, in its signature.
        output: name of the tensor that goes out, and comes in with the next step.
        hold: steps at the start after which the state is still zero, whatever comes out: its layer got nothing of the
            clip yet.
    """

    input: str
    output: str
    hold: int = 0


@dataclass(frozen=True)
class Stepping:
    """How a step model, which takes some frames and its state, goes over a clip and gives what the clip model gives.

    Attributes:
        frames: of a clip.
        hop_frames: that each step takes.
        step_outputs: output frames that each step gives; 1 where the output is one vector for a clip.
        first: output frames, of all steps in turn, before the first that belongs to the clip.
        outputs: output frames of a clip; None where it is one vector: then the output of step `first` and each that
            follows is that for the clip which ends there.
        states: what goes from one step to the next.
    """

    frames: int
    hop_frames: int
    step_outputs: int
    first: int
    outputs: int | None
    states: tuple[State, ...] = ()

    @property
    def steps(self) -> int:
        """Steps of a clip; the last ones may take frames of zeros after its end, until all of it has come out."""
        return -(-(self.first + (self.outputs or 1)) // self.step_outputs)


@dataclass(frozen=True)
class Card:
    """What an artefact says about itself.

    Attributes:
        model: architecture, a key of `MODELS`, or the name of an imported file.
        scheme: quantisation scheme, a key of `SCHEMES`.
        labels: one per output, in order; of a CTC model the characters, and the blank last.
        frontend: how audio becomes the input; None for a model of something else, such as images.
        output: whether the model gives logits (a softmax follows, in float) or probabilities; of two labels it may give
            the probability of the first alone.
        model_sha256: hash of the bundle's original that it was converted from.
        quantisation: of the first and the last tensor, `{"input": {"dtype", "scale", "zero_point"}, "output": {...}}`;
            in ONNX, whose own input and output stay float, of the first and the last activation that is quantised.
        licence: of the weights, with attribution.
        created_by: tool and version.
        ctc: of a CTC model, how its output frames follow the input; None for a classifier.
        stepping: of a step model, how it goes over a clip; None for a model of whole clips.
        version: of this document.
    """

    model: str
    scheme: str
    labels: tuple[str, ...]
    frontend: FrontendConfig | None
    output: OutputKind
    model_sha256: str
    quantisation: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    created_by: str = ""
    ctc: CtcOutput | None = None
    stepping: Stepping | None = None
    version: int = 1

    def to_json(self) -> str:
        """Write the card as JSON."""
        return json.dumps(to_mapping(self), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes, where: str) -> "Card":
        """Read a card.

        Raises:
            ArtefactError: the text is no card.
        """
        try:
            values: Mapping[str, Any] = json.loads(text)
            return read_document(cls, values, where)
        except (ValueError, ConfigError) as error:
            raise ArtefactError(f"{where}: the description inside cannot be read ({error}): export it again") from error


def append_to_tflite(model: bytes, card: Card) -> bytes:
    """Append the card, the labels as text and the hash of the model to a TFLite FlatBuffer."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name, text in (
            (_MEMBER, card.to_json()),
            (LABELS_FILE, "\n".join(card.labels) + "\n"),
            ("sha256.txt", f"{hashlib.sha256(model).hexdigest()} {len(model)}\n"),
        ):
            members.writestr(zipfile.ZipInfo(name), text)  # ZipInfo's fixed date keeps the bytes reproducible
    return model + archive.getvalue()


def read_from_tflite(path: Path) -> Card | None:
    """Read the card of a TFLite file, or None where it has none (a model of somebody else).

    Raises:
        ArtefactError: the card is damaged, or the model does not have the hash that was written with it.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LARGEST_CARD))
        if _MEMBER.encode() not in file.read():
            return None
    try:
        with zipfile.ZipFile(path) as members:
            text = members.read(_MEMBER)
            digest, length = members.read("sha256.txt").decode().split()
            found = _sha256_of_head(path, int(length))
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, RuntimeError, ValueError) as error:
        raise ArtefactError(f"{path}: the description inside is damaged ({error}): export it again") from error
    if found != digest:
        raise ArtefactError(f"{path}: altered since it was exported (sha256 differs): export it again")
    return Card.from_json(text, str(path))


def _sha256_of_head(path: Path, length: int) -> str:
    """Hash the first bytes of a file in pieces: the memory of a process that loads a model is published."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (piece := file.read(min(length, 1 << 16))):
            digest.update(piece)
            length -= len(piece)
    return digest.hexdigest()
