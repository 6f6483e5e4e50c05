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

__all__ = ["METADATA_KEY", "Card", "CtcOutput", "OutputKind", "append_to_tflite", "read_from_tflite"]

METADATA_KEY = "edgeasr"
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
class Card:
    """What an artefact says about itself.

    Attributes:
        model: architecture, a key of `MODELS`, or the name of an imported file.
        scheme: quantisation scheme, a key of `SCHEMES`.
        labels: one per output, in order; of a CTC model the characters, and the blank last.
        frontend: how audio becomes the input; None for a model of something else, such as images.
        output: whether the model gives logits (a softmax follows, in float) or probabilities.
        model_sha256: hash of the `model.keras` that it was converted from.
        quantisation: of the first and the last tensor, `{"input": {"dtype", "scale", "zero_point"}, "output": {...}}`;
            in ONNX, whose own input and output stay float, of the first and the last activation that is quantised.
        licence: of the weights, with attribution.
        created_by: tool and version.
        ctc: of a CTC model, how its output frames follow the input; None for a classifier.
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
            ("labels.txt", "\n".join(card.labels) + "\n"),
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
