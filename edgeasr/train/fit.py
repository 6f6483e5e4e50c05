"""Train a model and write its bundle."""

import math
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.bundle import Bundle, Manifest
from edgeasr.config import to_mapping
from edgeasr.errors import TrainingError
from edgeasr.gpu import gpus_of
from edgeasr.packages import check_installed, import_keras
from edgeasr.train.checkpoint import Checkpoint
from edgeasr.train.config import TrainConfig
from edgeasr.train.optimizer import make_optimizer
from edgeasr.train.prefetch import epoch_batches
from edgeasr.train.task import Batches, Task, load_task
from edgeasr.train.transfer import copy_weights

__all__ = ["compiled_model", "run_epoch", "train"]


def train(
    config: TrainConfig,
    out: Path,
    *,
    report: Callable[[str], None] = lambda line: None,
    progress: Callable[[float], None] = lambda done: None,
    restart: bool = False,
    overwrite: bool = False,
) -> Bundle:
    """Train a model and write a bundle.

    The state after each epoch is kept beside the bundle, in `<out>.training`; after an interruption the same call
    goes on from there, with the same result as if nothing had happened.

    Args:
        config: the settings.
        out: folder of the bundle.
        report: called with a line about each step.
        progress: called within an epoch with the share of it that is done.
        restart: forget an interrupted training.
        overwrite: replace a bundle that stands at `out`, when the training is complete.

    Returns:
        The bundle, with the metrics of the test split in its manifest.

    Raises:
        BundleError: `out` holds something already, or there is an interrupted training with other settings.
        DataError: a data set cannot be used.
        TrainingError: a loss or a measure is not finite.
    """
    check_installed("keras", "train", "training")
    out = out.resolve()
    Bundle.check_free(out, overwrite)
    state_path = out.with_name(f"{out.name}.training")
    settings = to_mapping(config)
    if restart:
        shutil.rmtree(state_path, ignore_errors=True)
    Checkpoint.check(state_path, settings)
    start = Bundle.open(config.start_from) if config.start_from else None  # before the data are read
    spec, task = load_task(config, report)  # before Keras is imported: a mistake in the data shows at once
    for line in task.describe():
        report(line)
    backend = import_keras("training").backend.backend()
    report(f"{backend} on {', '.join(gpus_of(backend)) or 'the CPU'}")

    state = Checkpoint(settings, model=compiled_model(config, task))
    if state_path.exists():
        state = Checkpoint.load(state_path, state.model)
        report(f"resuming after epoch {state.epoch}")
    elif start:
        copied, layers = copy_weights(start, state.model, task.frontend)
        report(f"{copied} of {layers} layers start from {config.start_from}")
    _fit(state, config, task, state_path, report, progress)

    model = task.build()  # anew: without the optimizer it is a third as large
    model.set_weights(state.best)
    manifest = Manifest(
        model=config.model,
        labels=task.labels,
        frontend=task.frontend,
        output=spec.output,
        ctc=spec.ctc,
        training=state.settings,
        metrics={
            "best_epoch": state.best_epoch,
            "history": state.history,
            "train_clips_per_s": statistics.median(entry["clips_per_s"] for entry in state.history),
            **task.test(model),
        },
        licence=task.licence,
    )
    bundle = Bundle.create(out, manifest, model, task.samples(), task.files())
    shutil.rmtree(state_path, ignore_errors=True)
    return bundle


def compiled_model(config: TrainConfig, task: Task) -> Any:
    """Build the Keras model of a training, with its optimizer and its loss."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)
    model = task.build_for_training()
    model.compile(optimizer=make_optimizer(config, len(task.batches)), loss=task.loss())
    return model


def run_epoch(
    model: Any, batches: Batches, seed: int, epoch: int, progress: Callable[[float], None] = lambda done: None
) -> float:
    """Train a compiled model on every batch once.

    Args:
        model: from `compiled_model`.
        batches: the training split.
        seed: of the training.
        epoch: counted from 0.
        progress: called with the share that is done.

    Returns:
        The mean loss of a clip.
    """
    _seed_dropout(model, seed, epoch)
    total = 0.0
    for done, (given, wanted) in enumerate(epoch_batches(batches, epoch), start=1):
        model.reset_metrics()
        total += len(given) * float(model.train_on_batch(given, wanted, return_dict=True)["loss"])
        progress(done / len(batches))
    return total / batches.clips


def _fit(
    state: Checkpoint,
    config: TrainConfig,
    task: Task,
    state_path: Path,
    report: Callable[[str], None],
    progress: Callable[[float], None],
) -> None:
    """Do the epochs that are left; keep the best by the dev split."""
    while state.epoch < config.epochs and not _is_over(state, config):
        began = time.monotonic()
        loss = run_epoch(state.model, task.batches, config.seed, state.epoch, progress)
        clips_per_s = task.batches.clips / (time.monotonic() - began)
        measures = task.score(state.model) if math.isfinite(loss) else {}
        state.epoch += 1
        for name, value in {"loss": loss, **measures}.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"{name} is {value} after epoch {state.epoch}: try a smaller learning rate or clip_norm"
                )
        seconds = time.monotonic() - began
        state.history.append(
            {"loss": loss, **measures, "seconds": round(seconds, 2), "clips_per_s": round(clips_per_s, 1)}
        )
        best = state.history[state.best_epoch - 1] if state.best_epoch else None
        if best is None or task.rank(measures) > task.rank(best):
            state.best_epoch, state.best = state.epoch, state.model.get_weights()
        state.save(state_path)
        shown = "  ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measures.items())
        report(f"epoch {state.epoch:3d}/{config.epochs}  loss {loss:.4f}  {shown}  {seconds:.1f} s")
    if state.epoch < config.epochs:
        report(f"no better epoch since {state.best_epoch}: stopped early")


def _is_over(state: Checkpoint, config: TrainConfig) -> bool:
    """Say whether patience has run out."""
    return bool(config.patience and state.best_epoch and state.epoch - state.best_epoch >= config.patience)


def _seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Set the random state of all dropout, also inside recurrent cells: one for each layer and epoch."""
    layers = [layer for layer in model._flatten_layers() if getattr(layer, "seed_generator", None) is not None]
    for number, layer in enumerate(layers):
        state = layer.seed_generator.state
        state.assign(np.random.SeedSequence([seed, epoch, number]).generate_state(2).astype(state.dtype))
