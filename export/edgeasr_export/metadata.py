"""TFLite metadata, as the tools of the TFLite Support Library show it.

A FlatBuffer of its own stands in the model as the buffer `TFLITE_METADATA`: name, licence, what inputs and outputs are,
and which of the files that are appended as a ZIP archive holds the labels. Its layout is metadata_schema.fbs of
https://github.com/tensorflow/tflite-support; the slots below are the places of the fields in its tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgeasr.card import FEATURES, LABELS_FILE, SCORES, Card, append_to_tflite
from edgeasr.packages import require

__all__ = ["write_model"]

_NAME, _DESCRIPTION = 0, 1  # of all tables
_VERSION, _SUBGRAPHS, _AUTHOR, _LICENCE, _MIN_PARSER = 2, 3, 4, 5, 7  # of the model's
_INPUTS, _OUTPUTS = 2, 3  # of a subgraph's
_FILES = 6  # of a tensor's
_TYPE, _AXIS_LABELS = 2, 2  # of a file's
_KEY, _IDENTIFIER = b"TFLITE_METADATA", b"M001"


def write_model(model: Any, card: Card) -> bytes:
    """Write a TFLite file with metadata, and with its card behind it.

    Args:
        model: `ModelT` of the schema; metadata inside are replaced.
        card: what there is to say.
    """
    from ai_edge_litert import schema_py_generated as schema

    model.metadata = [entry for entry in model.metadata or [] if entry.name != _KEY]
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer = _KEY, len(model.buffers)
    buffer.data = np.frombuffer(_describe(card, *_ends(model)), np.uint8)
    model.metadata.append(entry)
    model.buffers.append(buffer)
    builder = _builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return append_to_tflite(bytes(builder.Output()), card)


def _ends(model: Any) -> tuple[list[str], list[str]]:
    """Name inputs and outputs in their order, as the signature does where there is one."""
    graph = model.subgraphs[0]
    names = {index: graph.tensors[index].name.decode() for index in (*graph.inputs, *graph.outputs)}
    for signature in (model.signatureDefs or [])[:1]:
        names |= {entry.tensorIndex: entry.name.decode() for entry in (*signature.inputs, *signature.outputs)}
    return [names[index] for index in graph.inputs], [names[index] for index in graph.outputs]


def _describe(card: Card, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Write the FlatBuffer of the metadata."""
    builder = _builder()

    def table(slots: int, texts: Mapping[int, str], parts: Mapping[int, int] | None = None, type: int = 0) -> int:
        places = {slot: builder.CreateString(text) for slot, text in texts.items()} | dict(parts or {})
        builder.StartObject(slots)
        for slot, place in places.items():
            builder.PrependUOffsetTRelativeSlot(slot, place, 0)
        if type:
            builder.PrependInt8Slot(_TYPE, type, 0)
        return int(builder.EndObject())

    def vector(tables: Sequence[int]) -> int:
        builder.StartVector(4, len(tables), 4)
        for place in reversed(tables):
            builder.PrependUOffsetTRelative(place)
        return int(builder.EndVector())

    def tensor(name: str) -> int:
        said = {FEATURES: _features(card), SCORES: f"{card.output}, one for each of the labels"}.get(name, "state")
        labels = {_NAME: LABELS_FILE, _DESCRIPTION: "what the outputs stand for, in their order"}
        files = {_FILES: vector([table(5, labels, type=_AXIS_LABELS)])} if name == SCORES else {}
        return table(7, {_NAME: name, _DESCRIPTION: said}, files)

    ends = {_INPUTS: vector([tensor(name) for name in inputs]), _OUTPUTS: vector([tensor(name) for name in outputs])}
    texts = {
        _NAME: card.model,
        _DESCRIPTION: f"{card.model}, {card.scheme}, of the model {card.model_sha256}",
        _VERSION: f"v{card.version}",
        _AUTHOR: card.created_by,
        _LICENCE: card.licence,
        _MIN_PARSER: "1.0.0",
    }
    builder.Finish(table(8, texts, {_SUBGRAPHS: vector([table(7, {}, ends)])}), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _features(card: Card) -> str:
    if card.frontend is None:
        return "what the model was trained on"
    frames, bins = card.frontend.shape
    return f"{card.frontend.kind}, {frames} x {bins}, of sound at {card.frontend.sample_rate_hz} Hz: see edgeasr.json"


def _builder() -> Any:
    return require("flatbuffers", "export", "writing TFLite files").Builder(1 << 16)
