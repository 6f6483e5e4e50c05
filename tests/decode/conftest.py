"""What the decoding tests share: scores that spell a text."""

from collections.abc import Callable

import numpy as np
import pytest

from edgeasr.decode.text import CTC_LABELS


@pytest.fixture(scope="session")
def spell() -> Callable[[str], np.ndarray]:
    """Give a maker of scores, float32 [frames, labels]: a frame for each character, and a blank after each."""

    def make(text: str) -> np.ndarray:
        best = [index for character in text for index in (CTC_LABELS.index(character), len(CTC_LABELS) - 1)]
        scores = np.full((len(best), len(CTC_LABELS)), 0.01 / (len(CTC_LABELS) - 1), np.float32)
        scores[np.arange(len(best)), best] = 0.99
        return scores

    return make
