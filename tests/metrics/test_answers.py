"""What a model says, read from its scores."""

import numpy as np

from edgeasr.card import CtcOutput
from edgeasr.features.clip import pad_frames
from edgeasr.metrics.answers import agreement, answers, counted, right_answers

LABELS = ("a", "b", " ", "<blank>")


def scores_of(text: str) -> np.ndarray:
    """Give a score of one for each character, - for the blank."""
    return np.eye(4, dtype=np.float32)[[LABELS.index(letter) if letter != "-" else 3 for letter in text]]


def test_a_classifier_says_the_index_of_its_best_label() -> None:
    scores = np.array([[0.1, 0.9], [0.8, 0.2]], np.float32)
    assert answers(scores, np.zeros((2, 3, 4), np.float32), ("no", "yes"), None).tolist() == [1, 0]
    targets = np.array([1, 1])
    assert right_answers(targets, ("no", "yes"), None) is targets


def test_a_recogniser_is_read_only_as_far_as_its_clip_goes() -> None:
    scores = np.stack([scores_of("aa-ab-bb"), scores_of("b a---ab")])
    features = np.stack([pad_frames(np.ones((frames, 2), np.float32), 16) for frames in (16, 9)])
    ctc = CtcOutput(first=1, stride=2)
    assert answers(scores, features, LABELS, ctc).tolist() == ["aabb", "b a"]
    assert answers(scores, features, LABELS, ctc, decode=lambda clip: str(len(clip))).tolist() == ["8", "5"]


def test_what_a_recogniser_says_after_the_end_of_a_clip_does_not_count() -> None:
    scores = np.stack([scores_of("aa-ab-bb"), scores_of("b a---ab")])
    features = np.stack([pad_frames(np.ones((frames, 2), np.float32), 16) for frames in (16, 9)])
    found = counted(scores, features, CtcOutput(first=1, stride=2))
    np.testing.assert_array_equal(found, scores_of("aa-ab-bb" + "b a--"))
    np.testing.assert_array_equal(counted(scores[:, 0], features, None), scores[:, 0])


def test_right_transcripts_end_where_they_end() -> None:
    targets = np.array([[0, 2, 1], [1, -1, -1]])
    assert right_answers(targets, LABELS, CtcOutput()).tolist() == ["a b", "b"]


def test_agreement_is_the_share_of_labels_or_of_characters() -> None:
    assert agreement(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4])) == 0.75
    original = np.array(["a latte", ""])
    assert agreement(original, original) == 1
    assert agreement(original, np.array(["a late", ""])) == 1 - 1 / 7
    assert agreement(original, np.array(["", "x" * 20])) == 0
    assert agreement(np.array(["", ""]), np.array(["", ""])) == 1
