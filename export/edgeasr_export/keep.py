"""Which layers stay float: those that are named, and the fewest that keep the loss under a bound."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Card
from edgeasr.errors import ExportError
from edgeasr.metrics.answers import agreement, answers, counted
from edgeasr.runtime import load
from edgeasr_export.layers import Operator, operators_of

__all__ = ["fewest_kept", "outputs_kept"]


def outputs_kept(layers: Sequence[str], operators: Sequence[Operator], known: Sequence[str]) -> tuple[str, ...]:
    """Find the outputs of the operators of layers.

    Args:
        layers: names of Keras layers.
        operators: of the file.
        known: names of all layers of the model, for the error.

    Raises:
        ExportError: no operator of the file comes from such a layer.
    """
    found: dict[str, None] = {}
    for layer in layers:
        own = operators_of(layer, operators, known)
        if not own:
            there = (name for name in known if operators_of(name, operators, known))
            raise ExportError(f"no layer {layer!r} to keep float: expected one of {', '.join(there)}")
        found |= {operator.output: None for operator in own}
    return tuple(found)


def fewest_kept(
    trial: Callable[[tuple[str, ...]], Path],
    baseline: Path,
    layers: Sequence[tuple[str, tuple[str, ...]]],
    card: Card,
    features: NDArray[np.float32],
    max_drop: float,
) -> tuple[str, ...]:
    """Keep as few layers float as bring the loss under a bound: the most sensitive one, the two most so, and so on.

    The loss is the share of the calibration clips (of the characters, of a CTC model) on which the artefact answers
    otherwise than the float file. That bounds the loss of accuracy, and leaves the test split out of the choice.

    Args:
        trial: makes the artefact with the operators of these outputs kept float.
        baseline: the float file.
        layers: name, and outputs of its operators, of each layer that can be kept.
        card: says how scores are read.
        features: float32 [clips, frames, bins].
        max_drop: in percent.

    Returns:
        What to say of them; the last trial is the artefact with them.

    Raises:
        ExportError: the loss is above the bound even with every layer float.
    """
    reference = load(baseline).run_batch(features)
    said = answers(reference, features, card.labels, card.ctc)

    outputs = dict(layers)

    def measure(kept: Sequence[str]) -> tuple[float, float]:
        scores = load(trial(tuple(output for layer in kept for output in outputs[layer]))).run_batch(features)
        drop = 100 * (1 - agreement(said, answers(scores, features, card.labels, card.ctc)))
        return drop, float(np.square(counted(scores - reference, features, card.ctc)).mean())

    drop, error = measure(())
    if drop <= max_drop:
        return (f"no layer needs to stay float: {drop:.2g} % of the answers change",)
    gains = {layer: error - measure((layer,))[1] for layer in outputs}
    ranked = sorted(gains, key=lambda layer: -gains[layer])
    for count in range(1, len(ranked) + 1):
        drop, _ = measure(ranked[:count])
        if drop <= max_drop:
            return (f"float: {', '.join(ranked[:count])}; {drop:.2g} % of the answers change",)
    raise ExportError(f"loses {drop:.2g} % of the answers with every layer float, expected at most {max_drop:g}")
