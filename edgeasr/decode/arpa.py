"""The ARPA format of n-gram language models: log10 probability, words, log10 back-off weight, one n-gram a line.

Described in SRILM's manual page ngram-format(5).
"""

import math
import re
from pathlib import Path
from typing import NoReturn

from edgeasr.errors import DataError

__all__ = ["Ngrams", "parse", "render"]

Ngrams = dict[tuple[str, ...], tuple[float, float]]
r"""(word, ...) to the log10 of its probability and of its back-off weight."""


def parse(path: Path) -> Ngrams:
    r"""Read an ARPA file.

    Args:
        path: of the file; what stands before its line `\data\` is passed over.

    Raises:
        DataError: it is none, it is cut off, or a number in it is out of range.
        OSError: it cannot be read.
    """
    return _Parser(path).parse()


def render(ngrams: Ngrams) -> str:
    """Write n-grams as the text of an ARPA file, sorted; every number so that it is read back exactly."""
    order = max(map(len, ngrams))
    sections = [sorted(ngram for ngram in ngrams if len(ngram) == length) for length in range(1, order + 1)]
    lines = ["\\data\\", *(f"ngram {length}={len(section)}" for length, section in enumerate(sections, 1)), ""]
    for length, section in enumerate(sections, 1):
        lines.append(f"\\{length}-grams:")
        for ngram in section:
            log10, weight = ngrams[ngram]
            lines.append(f"{log10!r}\t{' '.join(ngram)}" + (f"\t{weight!r}" if length < order else ""))
        lines.append("")
    return "\n".join([*lines, "\\end\\", ""])


class _Parser:
    """The place in a file, and what was read up to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line = 0
        self._counts: list[int] = []
        self._ngrams: Ngrams = {}

    def parse(self) -> Ngrams:
        length = -1  # of the n-grams of the section: -1 before the header, 0 in it
        read = 0  # n-grams of the section
        try:
            with self._path.open(encoding="utf-8") as lines:
                for self._line, line in enumerate(lines, 1):
                    text = line.strip()
                    if length < 0:
                        length = 0 if text == "\\data\\" else -1
                    elif text.startswith("\\"):
                        self._end_section(length, read)
                        if text == "\\end\\":
                            return self._whole(length)
                        length, read = self._begin_section(length, text), 0
                    elif text and length == 0:
                        self._read_count(text)
                    elif text:
                        self._read_ngram(text, length)
                        read += 1
        except UnicodeDecodeError as error:
            raise DataError(f"{self._path}: expected an ARPA language model, got a file that is not text") from error
        if length < 0:
            raise DataError(
                f"{self._path}: expected an ARPA language model, got a file without a line \\data\\: "
                "a binary or compressed model must be the ARPA file it was made from"
            )
        raise DataError(f"{self._path}: expected a line \\end\\, got the end of the file: it is cut off, copy it again")

    def _read_count(self, text: str) -> None:
        match = re.fullmatch(r"ngram\s+(\d+)\s*=\s*(\d+)", text)
        if match is None or int(match[1]) != len(self._counts) + 1:
            self._refuse(f"'ngram {len(self._counts) + 1}=COUNT'", text)
        self._counts.append(int(match[2]))

    def _begin_section(self, length: int, text: str) -> int:
        if length >= len(self._counts) or text != f"\\{length + 1}-grams:":
            self._refuse(f"'\\{length + 1}-grams:'" if length < len(self._counts) else "'\\end\\'", text)
        return length + 1

    def _end_section(self, length: int, read: int) -> None:
        if length and read != self._counts[length - 1]:
            self._refuse(f"{self._counts[length - 1]} {length}-grams as the header says", str(read))

    def _whole(self, length: int) -> Ngrams:
        if length != len(self._counts) or not self._ngrams:
            self._refuse("n-grams of every length in the header", "the end of the model")
        return self._ngrams

    def _read_ngram(self, text: str, length: int) -> None:
        first, *fields = text.split()
        if len(fields) not in (length, length + 1):
            self._refuse(f"a log10 probability, {length} words and perhaps a back-off weight", text)
        log10, weight = self._number(first), self._number(fields[length]) if len(fields) > length else 0.0
        if log10 > 0:
            self._refuse("the log10 of a probability, at most 0", first)
        self._ngrams[tuple(fields[:length])] = (log10, weight)

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self._refuse("a finite number", text)
        return number

    def _refuse(self, expected: str, got: str) -> NoReturn:
        raise DataError(f"{self._path}: line {self._line}: expected {expected}, got {got[:60]!r}")
