"""A word n-gram language model: trained with Witten-Bell smoothing, kept as an ARPA file.

KenLM and SRILM read what it writes, and it reads theirs.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from edgeasr.atomic import write_text
from edgeasr.decode.arpa import Ngrams, parse, render
from edgeasr.errors import ConfigError, DataError

__all__ = ["END", "START", "UNKNOWN", "LanguageModel"]

START, END, UNKNOWN = "<s>", "</s>", "<unk>"

_LOG10_ZERO = -99.0  # what stands for the logarithm of zero in an ARPA file
_HIGHEST_ORDER = 9


class LanguageModel:
    """How likely a word is after others.

    Attributes:
        order: words of its longest n-grams.

    Example:
        >>> model = LanguageModel.train(["a large latte", "a small latte"], order=2)
        >>> model.score(("<s>",), "a") > model.score(("<s>",), "latte")
        True
    """

    def __init__(self, ngrams: Ngrams) -> None:
        """Take the n-grams of an ARPA file: (word, ...) to the log10 of probability and back-off weight."""
        self._ngrams = ngrams
        self.order = max(map(len, ngrams))

    @property
    def words(self) -> Collection[str]:
        """The words that it knows, without the marks of the start, the end and the unknown."""
        return {ngram[0] for ngram in self._ngrams if len(ngram) == 1} - {START, END, UNKNOWN}

    @classmethod
    def train(cls, sentences: Iterable[str], order: int = 3) -> "LanguageModel":
        """Count the n-grams of sentences and smooth them by interpolation.

        Witten-Bell (I. H. Witten, T. C. Bell, "The zero-frequency problem", IEEE Trans. Inf. Theory 37, 1991): a
        context seen n times with t different words after it gives t / (n + t) to the shorter context. It needs no
        counts of counts, on which Kneser-Ney's discounts fail where a small vocabulary repeats everything.

        Args:
            sentences: words parted by white space, normalised as the transcripts are.
            order: words of the longest n-grams.

        Raises:
            ConfigError: the order is not in 1 to 9.
            DataError: there is no word, or one is a mark such as `<s>`.
        """
        if not 1 <= order <= _HIGHEST_ORDER:
            raise ConfigError(f"language model: order must lie in 1 to {_HIGHEST_ORDER}, got {order}")
        followers = _count(sentences, order)
        vocabulary = {*followers[()], UNKNOWN}
        probabilities: dict[tuple[str, ...], float] = {(word,): 1 / len(vocabulary) for word in vocabulary}
        weights = {}
        for context in sorted(followers, key=len):  # shorter ones first: the longer are made from them
            counts = followers[context]
            total, different = counts.total(), len(counts)
            weights[context] = different / (total + different)
            for word in vocabulary if context == () else counts:
                shorter = probabilities[(*context[1:], word)]
                probabilities[(*context, word)] = (counts[word] + different * shorter) / (total + different)
        ngrams = {
            ngram: (math.log10(probability), math.log10(weights.get(ngram, 1.0)))
            for ngram, probability in probabilities.items()
        }
        ngrams[(START,)] = (_LOG10_ZERO, math.log10(weights.get((START,), 1.0)))
        return cls(ngrams)

    @classmethod
    def read(cls, path: Path) -> "LanguageModel":
        """Read an ARPA file.

        Raises:
            DataError: it is none, it is cut off, or it has no n-gram.
            OSError: it cannot be read.
        """
        return cls(parse(path))

    def write(self, path: Path) -> None:
        """Write an ARPA file, atomically; the same model gives the same bytes."""
        write_text(path, render(self._ngrams))

    def __contains__(self, word: str) -> bool:
        """Say whether it knows a word."""
        return (word,) in self._ngrams

    def score(self, context: Sequence[str], word: str) -> float:
        """Give the natural logarithm of the probability of a word.

        Args:
            context: the words before it, `<s>` the first of a sentence; those too far back play no part.
            word: a word or `</s>`; one that the model does not know counts as `<unk>`.
        """
        known = [item if item in self else UNKNOWN for item in (*context, word)]
        ngram = tuple(known[-self.order :])
        log10 = 0.0
        while ngram not in self._ngrams:
            if len(ngram) == 1:  # a model without <unk>, as SRILM makes them
                return (log10 + _LOG10_ZERO) * math.log(10)
            log10 += self._ngrams.get(ngram[:-1], (0.0, 0.0))[1]
            ngram = ngram[1:]
        return (log10 + self._ngrams[ngram][0]) * math.log(10)

    def perplexity(self, sentences: Iterable[str]) -> float:
        """Measure how many words the model wavers between at each word of sentences, their ends included.

        Raises:
            DataError: there is no word.
        """
        padded = [(START, *words, END) for words in map(str.split, sentences) if words]
        scores = [self.score(words[:place], words[place]) for words in padded for place in range(1, len(words))]
        if not scores:
            raise DataError("language model: expected sentences to measure it on, got none")
        return math.exp(-math.fsum(scores) / len(scores))


def _count(sentences: Iterable[str], order: int) -> dict[tuple[str, ...], Counter[str]]:
    """Count what follows each context of up to `order` - 1 words; contexts do not reach back beyond `<s>`."""
    followers: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        words = sentence.split()
        if marks := {START, END, UNKNOWN}.intersection(words):
            raise DataError(f"language model: expected sentences of words only, got {min(marks)!r} in {sentence!r}")
        if not words:
            continue
        padded = (START, *words, END)
        for place in range(1, len(padded)):
            for length in range(min(order - 1, place) + 1):
                followers[padded[place - length : place]][padded[place]] += 1
    if not followers:
        raise DataError("language model: expected sentences to train it on, got none")
    return followers
