"""The evaluation counts what a model says, and refuses what cannot be counted."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ArtefactError, DataError
from edgeasr.metrics.classification import accuracy_interval
from edgeasr.metrics.evaluation import Evaluation, evaluate, score_clips
from edgeasr.runtime import Runtime

LABELS = ("yes", "no", "up")


class Echo(Runtime):
    """Scores as features say: the first value of a clip is the label that wins."""

    name, version, threads, path = "fake", "fake 1", 1, Path("fake.tflite")
    card = None

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (2, 2)

    def run(self, features: np.ndarray) -> np.ndarray:
        assert features.shape == (2, 2)
        return np.eye(3, dtype=np.float32)[int(features[0, 0])]


def clips(*winners: int) -> np.ndarray:
    return np.stack([np.full((2, 2), winner, np.float32) for winner in winners])


def test_evaluate_counts_right_labels_by_row_and_given_ones_by_column() -> None:
    result = evaluate(Echo(), LABELS, clips(0, 0, 1, 1, 2), np.array([0, 1, 1, 1, 0]))
    assert result.labels == LABELS
    assert result.confusion.tolist() == [[1, 0, 1], [1, 2, 0], [0, 0, 0]]
    assert (result.correct, result.total) == (3, 5)


def test_evaluation_for_programs_has_what_the_contract_says() -> None:
    result = evaluate(Echo(), LABELS, clips(0, 0, 1, 1, 2), np.array([0, 1, 1, 1, 0])).to_json()
    low, high = accuracy_interval(3, 5)
    assert result["accuracy"] == {"value": 0.6, "low": low, "high": high, "correct": 3, "n": 5}
    assert result["confusion"] == [[1, 0, 1], [1, 2, 0], [0, 0, 0]]
    assert result["labels"] == ["yes", "no", "up"]
    assert list(result["per_class"]) == ["yes", "no", "up"]
    assert result["per_class"]["no"] == {"precision": 1.0, "recall": 2 / 3, "f1": 0.8, "support": 3}
    assert result["per_class"]["up"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


def test_evaluate_tells_its_progress() -> None:
    steps: list[int] = []
    evaluate(Echo(), LABELS, clips(0, 1, 2), np.array([0, 1, 2]), steps.append)
    assert sum(steps) == 3


def test_evaluate_of_no_clip_is_an_error() -> None:
    with pytest.raises(DataError, match="no clip to evaluate on: expected labelled clips in this split"):
        evaluate(Echo(), LABELS, np.empty((0, 2, 2), np.float32), np.array([], np.int64))


@pytest.mark.parametrize("labels", [("yes", "no"), ("yes", "no", "up", "down")])
def test_evaluate_with_another_number_of_labels_is_an_error(labels: tuple[str, ...]) -> None:
    expected = rf"fake\.tflite: has 3 outputs, got {len(labels)} labels: pass --labels"
    with pytest.raises(ArtefactError, match=expected):
        evaluate(Echo(), labels, clips(0), np.array([0]))


def test_score_clips_runs_each_clip() -> None:
    assert score_clips(Echo(), clips(2, 0)).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_evaluation_without_an_error_is_wholly_right() -> None:
    result = Evaluation(("a", "b"), np.array([[4, 0], [0, 6]]))
    accuracy = result.to_json()["accuracy"]
    assert (accuracy["value"], accuracy["high"]) == (1.0, 1.0)
    assert 0.6 < accuracy["low"] < 0.8
