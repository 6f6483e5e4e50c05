"""CTC prefix beam search with a word language model.

A. Graves, "Supervised sequence labelling with recurrent neural networks", 2008, section 7.5.2; A. Hannun et al.,
"First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs", arXiv 1408.2873, 2014.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.decode.ctc import log_scores
from edgeasr.decode.ngram import END, START, UNKNOWN, LanguageModel
from edgeasr.errors import ConfigError, DataError

__all__ = ["BeamConfig", "BeamDecoder"]


@dataclass(frozen=True)
class BeamConfig:
    """How a beam search weighs and prunes. All logarithms are natural.

    Attributes:
        width: texts that are kept after each frame.
        alpha: weight of the language model's log probabilities against the sounds'.
        beta: added for each word, against the language model's liking for few words.
        unknown: added for each word that the language model does not know; -1000 leaves its words alone.
        min_log_prob: a character below this log probability begins nothing new in its frame.
    """

    width: int = 32
    alpha: float = 0.7
    beta: float = 1.0
    unknown: float = -10.0
    min_log_prob: float = -7.0

    def __post_init__(self) -> None:
        checks = (
            (self.width >= 1, f"width must be at least 1, got {self.width}"),
            (0 <= self.alpha < math.inf, f"alpha must not be negative, got {self.alpha}"),
            (math.isfinite(self.beta), f"beta must be finite, got {self.beta}"),
            (-math.inf < self.unknown <= 0, f"unknown must be finite and not above 0, got {self.unknown}"),
            (self.min_log_prob < 0, f"min_log_prob must be negative, got {self.min_log_prob}"),
        )
        for fine, complaint in checks:
            if not fine:
                raise ConfigError(f"beam: {complaint}")


@dataclass(frozen=True, eq=False, slots=True)
class _Prefix:
    """A text under way, one object each, so that texts are told apart by identity.

    Attributes:
        parent: the text without its last label; None for the empty text.
        label: the last label.
        context: the words before the unfinished one, as far back as the language model looks.
        word: the unfinished word.
        hopeless: whether no word of the language model begins with it; it was then scored as unknown at once.
        score: of the language model, up to here.
        scores: float64 [labels without the blank], `score` after each label that may follow.
    """

    parent: "_Prefix | None"
    label: int
    context: tuple[str, ...]
    word: str
    hopeless: bool
    score: float
    scores: NDArray[np.float64]


class BeamDecoder:
    """Find the text that sounds and language model together make most likely.

    The score of a text is log P(text | sounds) + alpha log P(text | language model) + beta for each word, where the
    first sums over all paths of the text. Without a language model it is the first alone.

    Example:
        >>> scores = np.array([[0.4, 0.0, 0.6], [0.4, 0.0, 0.6]])
        >>> BeamDecoder(("a", " ", "<blank>"))(scores)  # "aa", "a-", "-a" together beat "--"
        'a'
    """

    def __init__(
        self, labels: Sequence[str], model: LanguageModel | None = None, config: BeamConfig = BeamConfig()
    ) -> None:
        """Set up a decoder.

        Args:
            labels: of the CTC model: one character each, and the blank last.
            model: the language model, if any; its words are written in the labels.
            config: weights and pruning.

        Raises:
            DataError: no word of the language model can be written in the labels.
        """
        self._labels = tuple(labels[:-1])
        self._model = model
        self._config = config
        self._space = self._labels.index(" ") if " " in self._labels else None
        self._beginnings: set[str] = set()  # of the words of the language model
        if model:
            written = [word for word in model.words if set(word) <= set(self._labels) - {" "}]
            if not written:
                raise DataError(
                    f"language model: expected words in the characters {''.join(self._labels)!r}, "
                    f"got {', '.join(sorted(model.words)[:3])}: write it in them, mostly in lower case"
                )
            self._beginnings = {word[:end] for word in written for end in range(1, len(word) + 1)}

    def __call__(self, scores: NDArray[np.floating[Any]]) -> str:
        """Decode one utterance.

        Args:
            scores: probabilities [frames, labels], of all its frames.

        Returns:
            The text, its words parted by single spaces.

        Raises:
            ValueError: there is not one score for each label.
        """
        if scores.ndim != 2 or scores.shape[1] != len(self._labels) + 1:
            raise ValueError(f"expected scores [frames, {len(self._labels) + 1}], got {scores.shape}")
        beam, likelihoods = self._search(log_scores(scores))
        totals = likelihoods + [self._end(prefix) for prefix in beam]
        best: _Prefix | None = beam[int(totals.argmax())]
        characters = []
        while best and best.parent:
            characters.append(self._labels[best.label])
            best = best.parent
        return " ".join("".join(reversed(characters)).split())

    def _search(self, logs: NDArray[np.float64]) -> tuple[list[_Prefix], NDArray[np.float64]]:
        """Return the prefixes of the last beam, and log P(prefix | sounds) of each."""
        blank = len(self._labels)
        beam = [self._prefix(None, blank, (START,) if self._model else (), "", False, 0.0)]
        made: dict[tuple[_Prefix, int], _Prefix] = {}  # every prefix but the empty one, by parent and label
        blanks, others = np.zeros(1), np.full(1, -np.inf)  # log probability of the paths that end in a blank, or not
        for frame in logs:
            both = np.logaddexp(blanks, others)
            last = np.array([prefix.label for prefix in beam])

            # Those that stay: a blank, the last label again, or, where the parent is in the beam too, the label anew.
            place = {prefix: index for index, prefix in enumerate(beam)}
            pairs = [(place[item.parent], index) for item, index in place.items() if item.parent in place]
            parents, children = np.array(pairs, np.intp).reshape(-1, 2).T
            stay_blanks, stay_others = both + frame[blank], others + frame[last]
            anew = np.where(last[children] == last[parents], blanks[parents], both[parents]) + frame[last[children]]
            stay_others[children] = np.logaddexp(stay_others[children], anew)

            # Those that grow by a label.
            grown = both[:, None] + frame[:-1]
            same = np.flatnonzero(last < blank)
            grown[same, last[same]] = blanks[same] + frame[last[same]]
            grown[:, frame[:-1] < self._config.min_log_prob] = -np.inf
            grown[parents, last[children]] = -np.inf

            stay = np.logaddexp(stay_blanks, stay_others)
            totals = np.concatenate(
                [
                    stay + [prefix.score for prefix in beam],
                    (grown + [prefix.scores for prefix in beam]).ravel(),
                ]
            )
            chosen = _largest(totals, self._config.width)
            staying = chosen[chosen < len(beam)]
            owners, labels = np.divmod(chosen[chosen >= len(beam)] - len(beam), blank)
            blanks = np.concatenate([stay_blanks[staying], np.full(len(owners), -np.inf)])
            others = np.concatenate([stay_others[staying], grown[owners, labels]])
            growths = [(beam[owner], label) for owner, label in zip(owners.tolist(), labels.tolist(), strict=True)]
            made.update((growth, self._grow(*growth)) for growth in growths if growth not in made)
            beam = [beam[index] for index in staying] + [made[growth] for growth in growths]
        return beam, np.logaddexp(blanks, others)

    def _grow(self, prefix: _Prefix, label: int) -> _Prefix:
        score = float(prefix.scores[label])
        if label != self._space:
            word = prefix.word + self._labels[label]
            return self._prefix(prefix, label, prefix.context, word, word not in self._beginnings, score)
        if not prefix.word or not self._model:
            return self._prefix(prefix, label, prefix.context, "", False, score)
        context = (*prefix.context, prefix.word)[-self._model.order :]
        return self._prefix(prefix, label, context, "", False, score)

    def _prefix(
        self, parent: _Prefix | None, label: int, context: tuple[str, ...], word: str, hopeless: bool, score: float
    ) -> _Prefix:
        scores = np.full(len(self._labels), score)
        if self._model and not hopeless:
            unknown = self._word(context, UNKNOWN)
            for index, character in enumerate(self._labels):
                if index == self._space:
                    scores[index] += self._word(context, word) if word else 0.0
                elif word + character not in self._beginnings:
                    scores[index] += unknown  # as good as certain, and so the beam need not carry it as a known word
        return _Prefix(parent, label, context, word, hopeless, score, scores)

    def _word(self, context: tuple[str, ...], word: str) -> float:
        """Score a word that ends."""
        assert self._model
        score = self._config.alpha * self._model.score(context, word) + self._config.beta
        return score if word in self._model and word != UNKNOWN else score + self._config.unknown

    def _end(self, prefix: _Prefix) -> float:
        """Score the end of the utterance, of the unfinished word with it, and everything before."""
        if not self._model:
            return 0.0
        context, score = prefix.context, prefix.score
        if prefix.word:
            score += 0.0 if prefix.hopeless else self._word(context, prefix.word)
            context = (*context, prefix.word)
        return score + self._config.alpha * self._model.score(context, END)


def _largest(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Give the places of the largest finite values, at most `count`."""
    places = np.argpartition(values, -count)[-count:] if len(values) > count else np.arange(len(values))
    return places[np.isfinite(values[places])]
