"""The evaluation counts what a model says, and refuses what cannot be counted."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ArtefactError
from edgeasr.metrics.classification import accuracy_interval
from edgeasr.metrics.evaluation import evaluate, labels_of
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
    assert (result.accuracy.correct, result.accuracy.n) == (3, 5)


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
    steps: list[float] = []
    evaluate(Echo(), LABELS, clips(0, 1, 2), np.array([0, 1, 2]), steps.append)
    assert steps == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize("labels", [("yes", "no"), ("yes", "no", "up", "down")])
def test_labels_of_another_number_than_outputs_are_an_error(labels: tuple[str, ...]) -> None:
    expected = rf"fake\.tflite: has 3 outputs, got {len(labels)} labels: pass --labels"
    with pytest.raises(ArtefactError, match=expected):
        labels_of(Echo(), labels)
    assert labels_of(Echo(), LABELS) == LABELS
    with pytest.raises(ArtefactError, match="carries no labels"):
        labels_of(Echo())


def test_run_batch_starts_each_clip_from_a_fresh_state() -> None:
    class Counter(Echo):
        calls = 0

        def run(self, features: np.ndarray) -> np.ndarray:
            self.calls += 1
            return np.full(3, self.calls, np.float32)

        def reset(self) -> None:
            self.calls = 0

    assert Counter().run_batch(clips(0, 1, 2)).tolist() == [[1, 1, 1]] * 3


def test_run_batch_refuses_scores_that_are_not_finite() -> None:
    class Broken(Echo):
        def run(self, features: np.ndarray) -> np.ndarray:
            return np.array([0, np.nan, 1], np.float32)

    with pytest.raises(ArtefactError, match="not finite"):
        Broken().run_batch(clips(0))


def test_evaluation_without_an_error_is_wholly_right() -> None:
    accuracy = evaluate(Echo(), LABELS, clips(*[0] * 10), np.zeros(10, np.int64)).accuracy
    assert (accuracy.value, accuracy.high) == (1.0, 1.0)
    assert 0.6 < accuracy.low < 0.8
