"""Train a model and write its bundle."""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.config import to_mapping
from edgeasr.data.arrays import BACKGROUND
from edgeasr.errors import DataError
from edgeasr.features import FrontendConfig
from edgeasr.gpu import gpus_of
from edgeasr.metrics.classification import accuracy
from edgeasr.models import ModelSpec, build, model_spec
from edgeasr.packages import check_installed, import_keras
from edgeasr.scores import softmax
from edgeasr.train.batches import make_batches, one_hot
from edgeasr.train.checkpoint import Checkpoint
from edgeasr.train.config import TrainConfig
from edgeasr.train.corpus import Corpus, Waveforms, features_of, load_corpus, normalised

__all__ = ["train"]

_SAMPLES_KEPT = 200


@dataclass(frozen=True)
class _Training:
    """What does not change from epoch to epoch."""

    config: TrainConfig
    spec: ModelSpec
    frontend: FrontendConfig
    corpus: Corpus

    def build(self) -> Any:
        return build(self.config.model, self.frontend.shape, len(self.corpus.labels))


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
    """
    check_installed("keras", "train", "training")
    out = out.resolve()
    Bundle.check_free(out, overwrite)
    state_path = out.with_name(f"{out.name}.training")
    settings = to_mapping(config)
    if restart:
        shutil.rmtree(state_path, ignore_errors=True)
    Checkpoint.check(state_path, settings)
    spec = model_spec(config.model)
    frontend = config.frontend or spec.frontend
    corpus = load_corpus(config, frontend)  # before Keras is imported, so that a mistake in the data shows at once
    for line in corpus.describe():
        report(line)
    backend = import_keras("training").backend.backend()
    report(f"{backend} on {', '.join(gpus_of(backend)) or 'the CPU'}")

    training = _Training(config, spec, normalised(frontend, corpus.train), corpus)
    state = Checkpoint.load(state_path)
    if state is None:
        state = Checkpoint(settings, model=_compiled(training))
    else:
        report(f"resuming after epoch {state.epoch}")
    _fit(state, training, state_path, report, progress)

    model = training.build()  # anew: without the optimizer it is a third as large
    model.set_weights(state.best)
    bundle = _write_bundle(out, model, state, training)
    shutil.rmtree(state_path, ignore_errors=True)
    return bundle


def _compiled(training: _Training) -> Any:
    import keras

    config = training.config
    keras.utils.set_random_seed(config.seed)
    model = training.build()
    steps = config.epochs * -(-len(training.corpus.train.targets) // config.batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)),
        loss=keras.losses.CategoricalCrossentropy(from_logits=training.spec.output == "logits"),
    )
    return model


def _fit(
    state: Checkpoint,
    training: _Training,
    state_path: Path,
    report: Callable[[str], None],
    progress: Callable[[float], None],
) -> None:
    """Do the epochs that are left; keep the best by accuracy on the dev split, then by loss."""
    import keras

    _make_deterministic(keras.backend.backend())
    config, corpus = training.config, training.corpus
    batches = make_batches(corpus.train, len(corpus.labels), training.frontend, config)
    show = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: progress((batch + 1) / len(batches)))
    dev_features = features_of(training.frontend, corpus.dev)
    while state.epoch < config.epochs:
        began = time.monotonic()
        batches.set_epoch(state.epoch)
        _seed_dropout(state.model, config.seed, state.epoch)
        fitted = state.model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[show])
        loss = float(fitted.history["loss"][0])
        if not math.isfinite(loss):
            raise DataError(f"the loss is {loss} after epoch {state.epoch + 1}: try a smaller --learning-rate")
        dev_accuracy, dev_loss = _score(state.model, dev_features, corpus.dev, training)
        state.epoch += 1
        seconds = round(time.monotonic() - began, 2)
        state.history.append({"loss": loss, "dev_accuracy": dev_accuracy, "dev_loss": dev_loss, "seconds": seconds})
        best = state.history[state.best_epoch - 1] if state.best_epoch else None
        if best is None or (dev_accuracy, -dev_loss) > (best["dev_accuracy"], -best["dev_loss"]):
            state.best_epoch, state.best = state.epoch, state.model.get_weights()
        state.save(state_path)
        report(
            f"epoch {state.epoch:3d}/{config.epochs}  loss {loss:.4f}  dev accuracy {dev_accuracy:.2%}  "
            f"dev loss {dev_loss:.4f}  {seconds:.1f} s"
        )
        if config.patience and state.epoch - state.best_epoch >= config.patience:
            report(f"no better epoch since {state.best_epoch}: stopping early")
            break


def _score(model: Any, features: NDArray[np.float32], waveforms: Waveforms, training: _Training) -> tuple[float, float]:
    """Compute (accuracy of the labelled clips, cross-entropy of all)."""
    scores, targets = _scores(model, features, training), waveforms.targets
    labelled = targets != BACKGROUND
    correct = scores[labelled].argmax(axis=1) == targets[labelled]
    wanted = one_hot(targets, len(training.corpus.labels))
    loss = -np.mean((wanted * np.log(np.maximum(scores, 1e-9))).sum(axis=1))
    return float(correct.mean()), float(loss)


def _scores(model: Any, features: NDArray[np.float32], training: _Training) -> NDArray[np.float32]:
    outputs = np.asarray(model.predict(features, batch_size=256, verbose=0))
    return softmax(outputs) if training.spec.output == "logits" else outputs


def _make_deterministic(backend: str) -> None:
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Set the random state of all dropout, also inside recurrent cells, which a saved model does not keep."""
    for layer in model._flatten_layers():
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed, epoch], generator.state.dtype))


def _write_bundle(out: Path, model: Any, state: Checkpoint, training: _Training) -> Bundle:
    config, corpus, frontend = training.config, training.corpus, training.frontend
    metrics: dict[str, Any] = {"best_epoch": state.best_epoch, "history": state.history}
    if corpus.test.has_labels:
        labelled = corpus.test.subset(np.flatnonzero(corpus.test.targets != BACKGROUND))
        winners = _scores(model, features_of(frontend, labelled), training).argmax(axis=1)
        metrics["test_accuracy"] = asdict(accuracy(winners == labelled.targets))
    calibration = _pick(corpus.train.targets, config.seed)
    checked = corpus.test if corpus.test.has_labels else corpus.dev
    verification = _pick(checked.targets, config.seed, skip=BACKGROUND)
    samples = Samples(
        calibration=features_of(frontend, corpus.train.subset(calibration)),
        verification=features_of(frontend, checked.subset(verification)),
        targets=checked.targets[verification],
    )
    manifest = Manifest(
        model=config.model,
        labels=corpus.labels,
        frontend=frontend,
        output=training.spec.output,
        training=state.settings,
        metrics=metrics,
        licence=corpus.licence,
    )
    return Bundle.create(out, manifest, model, samples)


def _pick(targets: NDArray[np.int64], seed: int, skip: int | None = None) -> NDArray[np.int64]:
    """Choose clips for the bundle, as many of each label as of the others; none whose target is `skip`."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in np.unique(targets) if kind != skip]
    share = -(-_SAMPLES_KEPT // len(kinds))
    chosen = [rng.permutation(np.flatnonzero(targets == kind))[:share] for kind in kinds]
    return np.sort(np.concatenate(chosen))
