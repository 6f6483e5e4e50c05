"""From the outputs of a model that ran elsewhere to its scores, as the runtimes here give them."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.runtime import Runtime
from edgeasr.runtime.base import check_scores
from edgeasr.scores import softmax, with_rest

__all__ = ["scores_of"]


def scores_of(outputs: NDArray[np.float32], model: Runtime) -> NDArray[np.float32]:
    """Make scores of outputs.

    Args:
        outputs: float32 [clips, ...], as the file gives them, dequantised.
        model: the same file, loaded here.

    Returns:
        float32, for each clip as `Runtime.run` gives it.

    Raises:
        ArtefactError: a score is not a finite number.
    """
    if outputs.shape[-1] == 1 and len(model.labels) == 2:  # the probability of one stands for both
        outputs = with_rest(outputs)
    elif model.card is not None and model.card.output == "logits":
        outputs = softmax(outputs)
    return check_scores(outputs, model.path)
