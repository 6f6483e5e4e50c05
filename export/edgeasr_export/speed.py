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

    They take turns, on one thread; the processor's time for a call in the fastest turn of each counts: what else the
    machine does makes calls slower, never faster. `edgeasr bench` gives medians, and the ratio with its interval.

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
            fastest[index] = min(fastest[index], _time_a_call(model, features))
        turns += 1
    return fastest[0] / fastest[1]


def _time_a_call(model: Runtime, features: NDArray[np.float32]) -> float:
    """Call a model for the time of a turn, and give the mean of the calls in seconds.

    A single call can be shorter than what the clock of the process tells apart.
    """
    calls, elapsed_s, start = 0, 0.0, time.process_time()
    while elapsed_s < _TURN_S:
        model.run(features[calls % len(features)])
        calls, elapsed_s = calls + 1, time.process_time() - start
    return elapsed_s / calls
