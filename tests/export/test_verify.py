"""Verification, of files written by hand: what counts, and what is refused with which advice."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.card import Card, CtcOutput, append_to_tflite
from edgeasr.errors import ExportError
from edgeasr_export.schemes import scheme
from edgeasr_export.verify import Verification, verify
from tests.tflite.builder import Value, constant, one

LABELS = ("a", "b", " ", "<blank>")
FRAMES = 6
CLIPS = np.random.default_rng(0).uniform(1, 2, (3, FRAMES, len(LABELS))).astype(np.float32)
CLIPS[1:, 4:] = 0  # shorter utterances


def adding(path: Path, values: np.ndarray) -> Path:
    """Write a recogniser whose scores are its features and some values."""
    shape = (1, FRAMES, len(LABELS))
    features, scores = (Value(shape, "FLOAT32", name=name) for name in ("features", "scores"))
    model = one("ADD", [features, constant(np.broadcast_to(values, shape), "float32")], [scores])
    card = Card("adding", "float32", LABELS, None, "probabilities", "", ctc=CtcOutput())
    path.write_bytes(append_to_tflite(model, card))
    return path


def test_what_comes_after_the_end_of_an_utterance_is_not_verified(tmp_path: Path) -> None:
    values = np.zeros((1, FRAMES, len(LABELS)), np.float32)
    reference = CLIPS.copy()
    reference[1:, 4:] = 7
    result = verify(adding(tmp_path / "m.tflite", values), scheme("float32"), CLIPS, reference, np.empty((0, 0), int))
    assert (result.max_abs_error, result.agreement) == (0, 1)
    reference[0, 5, 0] += 0.5
    with pytest.raises(ExportError, match=r"differs from the original by 0\.5, expected at most 0\.001"):
        verify(tmp_path / "m.tflite", scheme("float32"), CLIPS, reference, np.empty((0, 0), int))


def test_other_answers_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = adding(tmp_path / "m.tflite", np.array([0, 0, 0, 50], np.float32))  # all blank
    with pytest.raises(ExportError, match=r"0\.0% of the characters of 3 clips, expected at least 90%: .* --auto"):
        verify(path, scheme("int8"), CLIPS, CLIPS, np.empty((0, 0), int))


def test_a_significant_loss_of_accuracy_is_refused(tmp_path: Path) -> None:
    shape, path = (1, len(LABELS)), tmp_path / "m.tflite"
    features, scores = (Value(shape, "FLOAT32", name=name) for name in ("features", "scores"))
    model = one("ADD", [features, constant(np.zeros(shape), "float32")], [scores])
    path.write_bytes(append_to_tflite(model, Card("same", "int8", LABELS, None, "probabilities", "")))
    clips = np.random.default_rng(1).dirichlet(np.ones(len(LABELS)), 200).astype(np.float32)

    def verify_with(wrong: int) -> Verification:
        reference = clips.copy()
        reference[:wrong] = np.roll(reference[:wrong], 1, axis=1)  # an original that is right where the file is not
        return verify(path, scheme("int8"), clips, reference, reference.argmax(axis=1))

    assert verify_with(0).accuracy == 1
    assert verify_with(3).accuracy == pytest.approx(0.985)
    with pytest.raises(ExportError, match=r"is right on 95\.0% of 200 clips, the original on 100\.0%"):
        verify_with(10)
