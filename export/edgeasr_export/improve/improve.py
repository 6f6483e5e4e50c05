"""The passes that win back accuracy, and their order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.registry import resolve
from edgeasr_export.improve.grid import Grid

__all__ = ["PASSES", "Pass", "improve"]

F32 = NDArray[np.float32]

Pass = Callable[[Any, Any, F32, Grid], Any]
"""A new Keras model from a Keras model, what it is to compute (another Keras model of the same layers), calibration
features [clips, frames, bins], and the numbers that are left."""

PASSES: Mapping[str, str] = {  # in the order in which they are of use
    "fold": "edgeasr_export.improve.fold:fold",
    "equalise": "edgeasr_export.improve.equalise:equalise",
    "rounding": "edgeasr_export.improve.rounding:optimise_rounding",
    "bias": "edgeasr_export.improve.bias:correct_bias",
}

_KEEPING = ("fold", "equalise")  # after these the model computes the same, with other layers or other weights


def improve(
    model: Any,
    samples: F32,
    names: Sequence[str],
    grid: Grid,
    progress: Callable[[str], None] = lambda name: None,
) -> Any:
    """Prepare a Keras model for quantisation.

    Args:
        model: a functional or sequential Keras model; it is not changed.
        samples: features to calibrate with, float32 [clips, frames, bins].
        names: keys of `PASSES`; they are applied in the order of `PASSES`.
        grid: what weights and activations will be rounded to.
        progress: called with the name of each pass as it starts.

    Returns:
        A Keras model of standard layers: the same but for the weights, and for layers that others have taken in.

    Raises:
        ConfigError: there is no such pass.
        ExportError: the model is no graph of layers, or has several inputs or outputs.
    """
    passes: dict[str, Pass] = {name: resolve(PASSES, name, "pass") for name in names}
    wanted = model
    for name in (name for name in PASSES if name in passes):
        progress(name)
        model = passes[name](model, wanted, samples, grid)
        if name in _KEEPING:
            wanted = model
    return model
