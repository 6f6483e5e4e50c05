"""Transcripts: the alphabet of the CTC models, and text made ready for it."""

import re
import unicodedata
from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import DataError

__all__ = ["ALPHABET", "BLANK", "CTC_LABELS", "decode_ids", "encode", "frames_needed", "normalise"]

ALPHABET = ("'", " ", *ascii_lowercase)
"""The characters, in the order of the seed's notebook."""

BLANK = "<blank>"
CTC_LABELS = (*ALPHABET, BLANK)
"""One per output of a CTC model: the characters, and the blank last."""

_APOSTROPHES = "'‘’‛ʼ′`´"  # what keyboards and word processors set for it
_SPOKEN = "&%@#"  # Unicode calls them punctuation, but a speaker says a word


def normalise(text: str) -> str:
    """Write a transcript as far as possible in the alphabet: lower case, no accents, no punctuation.

    A single apostrophe that touches a letter stays; every other mark of punctuation parts words ("well-known" is two).
    What is said as a word of its own, such as "7", "&" or "€", is not guessed at: it stays, and `encode` refuses it.

    Example:
        >>> normalise("  “Café—crème”, it’s\\tGOOD… ")
        "cafe creme it's good"
    """
    for mark in _APOSTROPHES:  # first, because NFKD makes a space of the acute accent that stands alone
        text = text.replace(mark, "'")
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = re.sub("''+", " ", "".join(map(_replacement, text)))  # two of them are a quotation mark
    words = (word for word in text.split() if word.strip("'"))
    return " ".join(words)


def encode(text: str, labels: Sequence[str], where: str) -> NDArray[np.int64]:
    """Give the labels of a normalised transcript.

    Args:
        text: the transcript, as `normalise` leaves it.
        labels: of the model: one character each, and the blank last.
        where: the clip, named in errors ("coffee_orders/1f2a.ogg").

    Returns:
        int64 [characters], indices into `labels`, none of them the blank.

    Raises:
        DataError: the transcript is empty, or has a character that the labels do not have.
    """
    if not text.strip():
        raise DataError(f"{where}: expected a transcript, got an empty one: write what is said, or leave the clip out")
    index = {label: position for position, label in enumerate(labels[:-1])}
    strange = next((character for character in text if character not in index), None)
    if strange is None:
        return np.array([index[character] for character in text], np.int64)
    if unicodedata.category(strange)[0] in "NS" or strange in _SPOKEN:
        raise DataError(f"{where}: expected words, got {strange!r} in the transcript: write numbers and signs as words")
    raise DataError(
        f"{where}: expected a transcript in the characters {''.join(index)!r}, got {strange!r}: "
        "write it in them, or leave the clip out"
    )


def decode_ids(ids: NDArray[np.integer[Any]], labels: Sequence[str]) -> str:
    """Give the text of labels: the reverse of `encode`.

    Args:
        ids: int [characters], indices into `labels`, none of them the blank.
        labels: of the model.
    """
    return "".join(labels[index] for index in ids)


def frames_needed(ids: NDArray[np.integer[Any]]) -> int:
    """Count the output frames that CTC needs for a transcript: one per label, and a blank between equal neighbours.

    Args:
        ids: int [characters], as `encode` gives them.
    """
    return len(ids) + int(np.count_nonzero(ids[1:] == ids[:-1]))


def _replacement(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Mn", "Cf"):  # accents, now apart from their letters, and invisible marks
        return ""
    if category.startswith("P") and character != "'" and character not in _SPOKEN:
        return " "
    return character
