"""CTC's own decoding: the best label of each frame, collapsed; and where in time the words are.

A. Graves et al., "Connectionist temporal classification", ICML 2006: a path gives one label a frame; its text is what
is left when repeats are merged and then blanks taken out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GreedyDecoder", "Word", "align", "greedy", "log_scores", "words"]


@dataclass(frozen=True)
class Word:
    """A word and its output frames.

    CTC puts a label anywhere within its sound, mostly in one frame: the bounds are those of the first and last
    character seen, inside the word as it was spoken.

    Attributes:
        text: the word.
        start_frame: frame of its first character, counted from the start of the stream.
        end_frame: one after the last frame of its last character.
    """

    text: str
    start_frame: int
    end_frame: int


class GreedyDecoder:
    """Take the best label of every frame as the frames come, and give each word when it is finished.

    However a stream is cut into calls, the words are the same. A word is finished by the space after it, which a model
    may not give before the next word; call `finish` where a pause or the stream ends.

    Attributes:
        partial: the unfinished word so far.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        """Set up a decoder for the labels of a model: one character each, and the blank last."""
        self._labels = (*labels[:-1], "")
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the next frame is number 0."""
        self._frame = 0
        self._last = len(self._labels) - 1
        self.partial = ""
        self._start = self._end = 0

    def __call__(self, scores: NDArray[np.floating[Any]]) -> list[Word]:
        """Take the next frames.

        Args:
            scores: logits or probabilities [frames, labels], any number of frames.

        Returns:
            The words that they finish, in order.

        Raises:
            ValueError: there is not one score for each label.
        """
        _check(scores, len(self._labels))
        return self.follow(scores.argmax(axis=1)) if len(scores) else []

    def follow(self, path: NDArray[np.integer[Any]]) -> list[Word]:
        """Take the labels chosen for the next frames: as a call, but int [frames], indices of labels."""
        finished = []
        for label in path.tolist():
            character = self._labels[label]
            if character == " ":
                finished += self.finish()
            elif character:
                if not self.partial:
                    self._start = self._frame
                if label != self._last:
                    self.partial += character
                self._end = self._frame + 1
            self._last = label
            self._frame += 1
        return finished

    def finish(self) -> list[Word]:
        """End the word that is unfinished, and return it, if there is one. The frames go on counting."""
        word = [Word(self.partial, self._start, self._end)] if self.partial else []
        self.partial = ""
        return word


def words(path: NDArray[np.integer[Any]], labels: Sequence[str]) -> list[Word]:
    """Give the words of a path.

    Args:
        path: int [frames], the index of one label for each frame, as `align` gives it.
        labels: of the model: one character each, and the blank last.

    Example:
        >>> words(np.array([1, 3, 1, 2, 0]), ("a", "o", " ", "<blank>"))
        [Word(text='oo', start_frame=0, end_frame=3), Word(text='a', start_frame=4, end_frame=5)]
    """
    decoder = GreedyDecoder(labels)
    return decoder.follow(path) + decoder.finish()


def greedy(scores: NDArray[np.floating[Any]], labels: Sequence[str]) -> str:
    """Give the text of the best label of every frame, its words parted by single spaces.

    Args:
        scores: logits or probabilities [frames, labels].
        labels: of the model: one character each, and the blank last.

    Raises:
        ValueError: there is not one score for each label.
    """
    decoder = GreedyDecoder(labels)
    return " ".join(word.text for word in decoder(scores) + decoder.finish())


def align(scores: NDArray[np.floating[Any]], ids: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Find the most probable path of a text, for the times of words that a beam search found (Viterbi, after Graves).

    Args:
        scores: probabilities [frames, labels], the blank last.
        ids: int [characters], the text, as `encode` gives it.

    Returns:
        int64 [frames], the index of one label for each frame.

    Raises:
        ValueError: the text needs more frames than there are.
    """
    blank = scores.shape[1] - 1
    states = np.full(2 * len(ids) + 1, blank, np.int64)  # a blank before, between and after the characters
    states[1::2] = ids
    skips = np.zeros(len(states), bool)  # whether the blank before a state may be left out
    skips[3::2] = ids[1:] != ids[:-1]
    emitted = log_scores(scores)[:, states]
    best = np.where(np.arange(len(states)) < 2, 0.0, -np.inf)  # a path begins in the first blank or character
    steps = np.zeros(emitted.shape, np.int64)  # states moved on to reach each state at each frame
    for frame, emission in enumerate(emitted):
        if frame:
            moved = np.full((3, len(states)), -np.inf)
            moved[0], moved[1, 1:] = best, best[:-1]
            moved[2, 2:] = np.where(skips[2:], best[:-2], -np.inf)
            steps[frame] = moved.argmax(axis=0)
            best = moved.max(axis=0)
        best = best + emission
    state = len(states) - 1 - int(best[-2:].argmax() == 0 and len(ids) > 0)
    if not len(scores) or not np.isfinite(best[state]):
        raise ValueError(f"expected a text that fits {len(scores)} frames, got one of {len(ids)} characters")
    path = np.empty(len(scores), np.int64)
    for frame in range(len(scores) - 1, -1, -1):
        path[frame] = states[state]
        state -= int(steps[frame, state])
    return path


def log_scores(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Give natural logarithms of probabilities; a zero becomes very small instead of minus infinity."""
    logs: NDArray[np.float64] = np.log(np.maximum(scores, np.finfo(np.float64).tiny, dtype=np.float64))
    return logs


def _check(scores: NDArray[np.floating[Any]], labels: int) -> None:
    if scores.ndim != 2 or scores.shape[1] != labels:
        raise ValueError(f"expected scores [frames, {labels}], got {scores.shape}")
