"""TFLite metadata, read by the slots of its schema, and the model around it, which stays what it was."""

from pathlib import Path
from typing import Any

import numpy as np
from flatbuffers import encode, packer
from flatbuffers.table import Table

from edgeasr.card import Card
from edgeasr.features import FrontendConfig
from edgeasr.tflite import read_model
from edgeasr_export.metadata import write_model
from tests.tflite.builder import Step, Value, constant, write

CARD = Card("tiny", "float32", ("yes", "no"), FrontendConfig(), "logits", "abc", licence="CC0", created_by="edgeasr 9")


def metadata_of(model: bytes) -> Table:
    from ai_edge_litert import schema_py_generated as schema

    read = schema.ModelT.InitFromPackedBuf(model, 0)
    (number,) = (entry.buffer for entry in read.metadata if entry.name == b"TFLITE_METADATA")
    found = bytes(read.buffers[number].data)
    assert found[4:8] == b"M001"
    return Table(found, encode.Get(packer.uoffset, found, 0))


def text(table: Table, slot: int) -> str:
    return table.String(table.Offset(4 + 2 * slot) + table.Pos).decode()


def tables(table: Table, slot: int) -> list[Table]:
    offset = table.Offset(4 + 2 * slot)
    places = [table.Vector(offset) + 4 * index for index in range(table.VectorLen(offset))] if offset else []
    return [Table(table.Bytes, table.Indirect(place)) for place in places]


def described(model: bytes) -> bytes:
    from ai_edge_litert import schema_py_generated as schema

    return write_model(schema.ModelT.InitFromPackedBuf(model, 0), CARD)


def model() -> bytes:
    features, state, scores = (
        Value((1, 2), "FLOAT32", name=f"serving_{name}:0") for name in ("features", "state", "scores")
    )
    both = Value((1, 2), "FLOAT32", name="both")
    steps = [
        Step("ADD", [features, state], [both], {}),
        Step("ADD", [both, constant([[1.0, 2.0]], "float32")], [scores], {}),
    ]
    return write((steps, [features, state], [scores]))


def test_metadata_say_what_goes_in_and_out() -> None:
    metadata = metadata_of(described(model()))
    assert [text(metadata, slot) for slot in (0, 2, 4, 5)] == ["tiny", "v1", "edgeasr 9", "CC0"]
    (graph,) = tables(metadata, 3)
    assert [text(tensor, 0) for tensor in tables(graph, 2)] == ["serving_features:0", "serving_state:0"]


def test_metadata_name_the_file_of_the_labels(tmp_path: Path, exported: Any) -> None:
    """The file is one that the exporter made, whose signature gives the names."""
    artefact = next(item for item in exported.manifest.artefacts if item.format == "tflite")
    whole = (exported.path / artefact.name).read_bytes()
    (graph,) = tables(metadata_of(whole), 3)
    ((features,), (scores,)) = (tables(graph, slot) for slot in (2, 3))
    assert text(features, 0) == "features"
    (labels,) = tables(scores, 6)
    assert (text(scores, 0), text(labels, 0)) == ("scores", "labels.txt")


def test_metadata_leave_the_model_as_it_was_and_are_there_once(tmp_path: Path) -> None:
    before, after = tmp_path / "before.tflite", tmp_path / "after.tflite"
    before.write_bytes(model())
    after.write_bytes(described(described(model())))
    metadata_of(after.read_bytes())
    (old,), (new,) = read_model(before).subgraphs, read_model(after).subgraphs
    assert [operator.name for operator in new.operators] == [operator.name for operator in old.operators]
    for one, other in zip(new.tensors, old.tensors, strict=True):
        assert (one.name, one.shape, one.type) == (other.name, other.shape, other.type)
        np.testing.assert_array_equal(one.data, other.data)
