"""What an artefact says about itself survives, and damage to it or to the model is found."""

import dataclasses
import json
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeasr.bundle import Bundle
from edgeasr.card import Card, append_to_tflite, read_from_tflite
from edgeasr.errors import ArtefactError
from edgeasr.features import FrontendConfig
from edgeasr.runtime import load

MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(range(256))  # stands for a FlatBuffer; the card does not look inside
CARD = Card(
    model="ds-cnn",
    scheme="int8",
    labels=("zéro", "two words", ""),
    frontend=FrontendConfig(kind="mfcc", mean=(0.1,) * 10, std=(3.0,) * 10),
    output="logits",
    model_sha256="ab" * 32,
    quantisation={"input": {"dtype": "int8", "scale": 0.1, "zero_point": -3}, "output": {"dtype": "float32"}},
    licence="Somebody, CC BY-SA 4.0",
    created_by="edgeasr 0",
)


def test_card_survives_json() -> None:
    assert Card.from_json(CARD.to_json(), "here") == CARD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[1]", "expected a table"),
        (b"\xff", "utf-8"),
        (json.dumps({"model": "x"}), "expected 'scheme', which is not there"),
        (
            CARD.to_json().replace('"logits"', '"words"'),
            "output: expected one of logits, probabilities, got 'words'",
        ),
        (CARD.to_json().replace('"hop_ms": 20.0', '"hop_ms": 0'), "hop_ms must give 1 to"),
        (CARD.to_json().replace('"scheme"', '"plan"'), "expected 'scheme', which is not there"),
        (CARD.to_json().replace('"version": 1', '"version": 2'), "made by a newer edgeasr"),
    ],
)
def test_card_that_cannot_be_read_is_an_artefact_error(text: str | bytes, reason: str) -> None:
    with pytest.raises(ArtefactError, match=f"^here: the description inside cannot be read .*{reason}"):
        Card.from_json(text, "here")


def test_card_of_a_later_release_is_read_without_what_is_new() -> None:
    assert Card.from_json(CARD.to_json().replace("{", '{"streaming": {"hop": 1},', 1), "here") == CARD


def test_tflite_card_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(append_to_tflite(MODEL, CARD))
    assert read_from_tflite(path) == CARD


def test_tflite_card_leaves_the_model_in_front_and_the_same_bytes_each_time() -> None:
    whole = append_to_tflite(MODEL, CARD)
    assert whole.startswith(MODEL)
    assert whole == append_to_tflite(MODEL, CARD)


def test_tflite_card_is_a_zip_with_the_labels(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(append_to_tflite(MODEL, CARD))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["edgeasr.json", "labels.txt", "sha256.txt"]
        assert archive.read("labels.txt").decode() == "zéro\ntwo words\n\n"


@pytest.mark.parametrize("content", [MODEL, b"", b"PK\x05\x06" + bytes(18)])
def test_tflite_file_of_somebody_else_has_no_card(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tflite").write_bytes(content)
    assert read_from_tflite(tmp_path / "model.tflite") is None


def test_tflite_file_with_other_metadata_has_no_card(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "yes\nno\n")
    assert read_from_tflite(path) is None


@pytest.mark.parametrize("position", [0, 8, len(MODEL) - 1])
def test_altered_model_is_found(tmp_path: Path, position: int) -> None:
    content = bytearray(append_to_tflite(MODEL, CARD))
    content[position] ^= 1
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"model\.tflite: altered since it was exported .*: export it again"):
        read_from_tflite(tmp_path / "model.tflite")


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_altered_byte_changes_what_is_read_in_silence(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(append_to_tflite(MODEL, CARD))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with suppress(ArtefactError):
        assert read_from_tflite(path) == CARD  # dates and attributes of the archive are nobody's loss


def test_file_cut_anywhere_in_the_card_is_damaged(tmp_path: Path) -> None:
    content = append_to_tflite(MODEL, CARD)
    path = tmp_path / "model.tflite"
    begins = content.index(b"edgeasr.json") + len(b"edgeasr.json")
    for length in (begins, begins + 1, (begins + len(content)) // 2, len(content) - 22, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(ArtefactError, match="the description inside is damaged"):
            read_from_tflite(path)


def test_card_without_its_hash_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("edgeasr.json", CARD.to_json())
    with pytest.raises(ArtefactError, match=r"damaged .*sha256\.txt"):
        read_from_tflite(path)


@pytest.mark.parametrize("format", ["tflite", "onnx"])
@pytest.mark.parametrize("scheme", ["float32", "int8"])
def test_exported_artefact_carries_the_card_of_its_bundle(exported: Bundle, format: str, scheme: str) -> None:
    card = load(exported.path / f"{exported.manifest.model}.{scheme}.{format}").card
    assert card is not None
    assert dataclasses.replace(card, quantisation={}) == exported.card(scheme)
    quantised = {side: card.quantisation[side]["dtype"] for side in ("input", "output")}
    kinds = {"int8": {"int8", "uint8"}}.get(scheme, {scheme})
    assert set(quantised.values()) <= kinds
    assert scheme == "float32" or 0 < card.quantisation["input"]["scale"] < 100
