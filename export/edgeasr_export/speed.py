"""How fast an artefact is beside its float original, measured when it is made: int8 that is slower is said to be so."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.runtime import Runtime, load

__all__ = ["speed_ratio"]

_TURN_S = 0.01
_LONG_ENOUGH_S = 0.5
_FEWEST_TURNS = 3


def speed_ratio(path: Path, baseline: Path, features: NDArray[np.float32]) -> float:
    """Divide the time of one inference of `baseline` by that of `path`: above 1 this one is faster.

    They take turns, on one thread; the processor's time for the fastest call of each counts: what else the machine does
    makes calls slower, never faster. `edgeasr bench` gives medians, and the ratio with its interval.

    Args:
        path: the artefact.
        baseline: the float32 file in the same format.
        features: float32 [clips, frames, bins].
    """
    models = (load(baseline), load(path))
    fastest = [np.inf, np.inf]
    start, turns = time.process_time(), 0
    while turns < _FEWEST_TURNS or time.process_time() - start < _LONG_ENOUGH_S:
        for index, model in enumerate(models):
            fastest[index] = min(fastest[index], _fastest_call(model, features))
        turns += 1
    return float(fastest[0] / fastest[1])


def _fastest_call(model: Runtime, features: NDArray[np.float32]) -> float:
    """Call a model for the time of a turn, once at least; give the time of the fastest call in seconds."""
    fastest, call, begin, end = np.inf, 0, time.process_time(), 0.0
    while end - begin < _TURN_S:
        start = time.process_time()
        model.run(features[call % len(features)])
        end = time.process_time()
        fastest, call = min(fastest, end - start), call + 1
    return float(fastest)
