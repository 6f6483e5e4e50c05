"""Fine-tune a model while its quantisation is simulated."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Manifest
from edgeasr.config import from_mapping
from edgeasr.errors import ExportError, TrainingError
from edgeasr.features import FrontendConfig
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import run_epoch
from edgeasr.train.optimizer import make_optimizer
from edgeasr.train.task import load_task
from edgeasr_export.improve.fold import fold
from edgeasr_export.improve.grid import Grid
from edgeasr_export.improve.simulate import Simulation

__all__ = ["finetune"]

F32 = NDArray[np.float32]

_SLOWER = 10  # times less than the learning rate of the training
_LITTLE = 0.05  # of a deviation


def finetune(
    model: Any,
    samples: F32,
    grid: Grid,
    manifest: Manifest,
    epochs: int,
    *,
    report: Callable[[str], None] = lambda line: None,
    progress: Callable[[float], None] = lambda done: None,
) -> Any:
    """Train a model for a few more epochs on its own data, with weights and activations rounded in the forward pass.

    The gradient passes through the rounding as if it were not there. The ranges of the activations are those of the
    samples before each epoch, as calibration will find them. The best epoch on the dev split is kept; where none is
    better than the model was before, it stays as it was.

    (B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    2018, section 3; batch norm is folded first, and stays as it is.)

    Args:
        model: a functional or sequential Keras model, such as `improve` gives; it is not changed.
        samples: features to calibrate with, float32 [clips, frames, bins].
        grid: what weights and activations will be rounded to.
        manifest: of the model's bundle: how it was trained, and on what.
        epochs: passes over the training split, at a tenth of the learning rate of the training.
        report: called with a line about each epoch.
        progress: called within an epoch with the share of it that is done.

    Returns:
        A new model of standard layers.

    Raises:
        ExportError: the bundle does not say how it was trained, or its data have changed since.
        DataError: a data set cannot be used.
        TrainingError: the loss is not finite.
    """
    config = _config(manifest, epochs)
    _, task = load_task(config)
    if task.labels != manifest.labels or not _alike(task.frontend, manifest.frontend):
        raise ExportError(
            "expected the data that the model was trained on, got others of the same name (their labels or statistics "
            "differ): restore them, or train again"
        )
    model = fold(model, model, samples, grid)
    simulation = Simulation(model, grid)
    simulation.model.compile(optimizer=make_optimizer(config, len(task.batches)), loss=task.loss())
    best, best_rank = model.get_weights(), None
    for epoch in range(epochs + 1):
        loss = run_epoch(simulation.model, task.batches, config.seed, epoch - 1, progress) if epoch else 0.0
        if not math.isfinite(loss):
            raise TrainingError(f"loss is {loss} after epoch {epoch} of fine-tuning: leave it out for this model")
        simulation.calibrate(samples)
        measures = task.score(simulation.model)
        rank = task.rank(measures)
        if best_rank is None or rank > best_rank:
            best, best_rank = model.get_weights(), rank
        shown = "  ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measures.items())
        report(f"fine-tuning, epoch {epoch}/{epochs}  {shown}")
    model.set_weights(best)
    return model


def _alike(one: FrontendConfig | None, other: FrontendConfig | None) -> bool:
    """Say whether two front ends are the same but for a little of their normalisation, as of other voices."""
    if one is None or other is None or not one.mean or not other.mean:
        return one == other
    (mean, std), (other_mean, other_std) = (np.array([each.mean, each.std]) for each in (one, other))
    close = np.abs([mean - other_mean, std - other_std]).max() < _LITTLE * other_std.min()
    return bool(close) and replace(one, mean=other.mean, std=other.std) == other


def _config(manifest: Manifest, epochs: int) -> TrainConfig:
    """Give the settings of the training, for a few more epochs."""
    if "model" not in manifest.training:  # imported, or with a front end put in
        raise ExportError(f"{manifest.model}: the bundle does not say how it was trained, so it cannot be fine-tuned")
    config = from_mapping(TrainConfig, manifest.training, "manifest.json")
    if config.wake:
        raise ExportError(f"{manifest.model}: was trained on seconds of sound, not on windows: leave fine-tuning out")
    rate = config.learning_rate / _SLOWER
    return replace(config, epochs=epochs, learning_rate=rate, schedule="cosine", warmup_epochs=0, patience=0)
