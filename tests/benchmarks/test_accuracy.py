"""Answers of loaded models."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ArtefactError
from edgeasr_bench.accuracy import Answers, accuracy, answer
from edgeasr_bench.inputs import Inputs


class Counter:
    """A streaming model that counts its calls since the last reset; its label is the first feature."""

    path = Path("counter.onnx")

    def __init__(self):
        self.calls, self.most = 0, 0

    def run(self, features):
        self.calls += 1
        self.most = max(self.most, self.calls)
        return np.where(np.arange(3) == features[0, 0], np.float32(0.9), np.float32(0.1)) + 0 * features[0, 0]

    def reset(self):
        self.calls = 0


def inputs(*values, targets=(0, 1, 2)):
    features = np.array(values, np.float32).reshape(-1, 1, 1)
    return Inputs(features, None if targets is None else np.array(targets))


def test_answer_labels_each_clip_in_a_fresh_state():
    model, shares = Counter(), []
    answers = answer(model, inputs(0, 2, 2), shares.append)
    assert answers.labels.tolist() == [0, 2, 2]
    assert answers.correct.tolist() == [True, False, True]
    assert model.most == 1
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])


def test_answer_of_clips_without_labels_is_none():
    assert answer(Counter(), inputs(0, 1, targets=None)) is None


def test_answer_refuses_scores_that_are_not_numbers():
    with pytest.raises(ArtefactError, match=r"counter\.onnx: gives scores that are not numbers"):
        answer(Counter(), inputs(0, np.nan, 2))


def test_accuracy_has_its_wilson_interval():
    found = accuracy(Answers(np.zeros(100, np.int64), np.repeat([0, 1], [95, 5])))
    assert (found.value, found.n) == (0.95, 100)
    assert (found.low, found.high) == pytest.approx((0.8882, 0.9785), abs=1e-4)
