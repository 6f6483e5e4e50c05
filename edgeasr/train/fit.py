"""Train a model and write its bundle."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.config import to_mapping
from edgeasr.data.arrays import BACKGROUND, load_audio
from edgeasr.data.dataset import Dataset, leave_out, load_dataset
from edgeasr.errors import DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.gpu import gpus_of
from edgeasr.metrics.classification import accuracy_interval
from edgeasr.models import build, model_spec
from edgeasr.packages import check_installed, import_keras
from edgeasr.runtime.base import softmax
from edgeasr.train.batches import make_batches, one_hot
from edgeasr.train.checkpoint import Checkpoint
from edgeasr.train.config import TrainConfig

__all__ = ["Corpus", "Sounds", "load_corpus", "train"]

_SAMPLES_KEPT = 200


@dataclass(frozen=True)
class Sounds:
    """The sound of a split: float32 [clips, samples], and its targets, int64 [clips]."""

    audio: NDArray[np.float32]
    targets: NDArray[np.int64]

    def subset(self, rows: NDArray[np.int64]) -> "Sounds":
        """Choose some clips."""
        return Sounds(self.audio[rows], self.targets[rows])


@dataclass(frozen=True)
class Corpus:
    """The data of a training: joined labels, the sound of each split, what the licences ask to be said."""

    labels: tuple[str, ...]
    splits: dict[str, Sounds]
    licence: str


def train(
    config: TrainConfig,
    out: Path,
    *,
    report: Callable[[str], None] = lambda line: None,
    restart: bool = False,
) -> Bundle:
    """Train a model and write a bundle.

    The state after each epoch is kept beside the bundle, in `<out>.training`; after an interruption the same call
    goes on from there, with the same result as if nothing had happened.

    Args:
        config: the settings.
        out: folder of the bundle; a bundle that stands there is replaced when the training is complete.
        report: called with a line about each step.
        restart: forget an interrupted training.

    Returns:
        The bundle, with the metrics of the test split in its manifest.

    Raises:
        BundleError: `out` holds something else than a bundle, or an interrupted training with other settings.
        DataError: a data set cannot be used.
    """
    check_installed("keras", "train", "training")
    Bundle.check_free(out)
    spec = model_spec(config.model)
    frontend = config.frontend or spec.frontend
    corpus = load_corpus(config, frontend)  # before Keras is imported, so that a mistake in the data shows at once
    backend = import_keras("training").backend.backend()
    report(f"{backend} on {', '.join(gpus_of(backend)) or 'the CPU'}")
    report(", ".join(f"{name} {len(sounds.targets)} clips" for name, sounds in corpus.splits.items()))
    frontend = _normalised(frontend, corpus.splits["train"])

    state_path = out.with_name(f"{out.name}.training")
    settings = to_mapping(config)
    if restart:
        shutil.rmtree(state_path, ignore_errors=True)
    state = Checkpoint.load(state_path, settings)
    if state is None:
        state = Checkpoint(settings, model=_compiled(config, frontend, corpus, spec.output == "logits"))
    else:
        report(f"resuming after epoch {state.epoch}")
    _fit(state, config, frontend, corpus, spec.output == "logits", state_path, report)

    model = build(
        config.model, frontend.shape, len(corpus.labels)
    )  # anew: without the optimizer it is a third as large
    model.set_weights(state.best)
    bundle = _write_bundle(out, model, state, config, frontend, corpus)
    shutil.rmtree(state_path, ignore_errors=True)
    return bundle


def load_corpus(config: TrainConfig, frontend: FrontendConfig) -> Corpus:
    """Load and join the data sets of a training.

    Raises:
        DataError: there is nothing to train on, or no speaker of the name to leave out.
    """
    datasets: list[Dataset] = [load_dataset(name) for name in config.data]
    if config.leave_out:
        datasets = [leave_out(dataset, config.leave_out) for dataset in datasets]
    labels = tuple(dict.fromkeys(label for dataset in datasets for label in dataset.labels))
    splits = {}
    for split in ("train", "dev", "test"):
        examples = [item for dataset in datasets for item in dataset.examples if item.split == split]
        splits[split] = Sounds(*load_audio(examples, labels, frontend))
    for split in ("train", "dev"):
        if not (splits[split].targets >= 0).any():
            raise DataError(f"{' + '.join(config.data)}: no clip in the {split} split: expected some for each label")
    return Corpus(labels, splits, "; ".join(dict.fromkeys(dataset.licence for dataset in datasets)))


def _normalised(frontend: FrontendConfig, sounds: Sounds) -> FrontendConfig:
    """Set the normalisation of the features to mean 0 and deviation 1 in each bin, over the training split."""
    features = _features(frontend, sounds)
    mean, std = features.mean(axis=(0, 1)), np.maximum(features.std(axis=(0, 1)), 1e-3)
    return replace(frontend, mean=tuple(map(float, mean)), std=tuple(map(float, std)))


def _features(frontend: FrontendConfig, sounds: Sounds) -> NDArray[np.float32]:
    compute = Frontend(frontend)
    blocks = [sounds.audio[start : start + 256] for start in range(0, len(sounds.audio), 256)]
    if not blocks:
        return np.zeros((0, *frontend.shape), np.float32)
    return np.concatenate([compute(block) for block in blocks])


def _compiled(config: TrainConfig, frontend: FrontendConfig, corpus: Corpus, logits: bool) -> Any:
    import keras

    keras.utils.set_random_seed(config.seed)
    model = build(config.model, frontend.shape, len(corpus.labels))
    steps = config.epochs * -(-len(corpus.splits["train"].targets) // config.batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)),
        loss=keras.losses.CategoricalCrossentropy(from_logits=logits),
    )
    return model


def _fit(
    state: Checkpoint,
    config: TrainConfig,
    frontend: FrontendConfig,
    corpus: Corpus,
    logits: bool,
    state_path: Path,
    report: Callable[[str], None],
) -> None:
    """Do the epochs that are left; keep the best by accuracy on the dev split, then by loss."""
    _make_deterministic()
    sounds, dev = corpus.splits["train"], corpus.splits["dev"]
    batches = make_batches(sounds.audio, sounds.targets, len(corpus.labels), frontend, config)
    dev_features = _features(frontend, dev)
    while state.epoch < config.epochs:
        began = time.monotonic()
        batches.set_epoch(state.epoch)
        _seed_dropout(state.model, config.seed, state.epoch)
        fitted = state.model.fit(batches, epochs=1, shuffle=False, verbose=0)
        accuracy, loss = _score(state.model, dev_features, dev.targets, len(corpus.labels), logits)
        state.epoch += 1
        entry = {"loss": float(fitted.history["loss"][0]), "dev_accuracy": accuracy, "dev_loss": loss}
        state.history.append({**entry, "seconds": round(time.monotonic() - began, 2)})
        best = state.history[state.best_epoch - 1] if state.best_epoch else None
        if best is None or (accuracy, -loss) > (best["dev_accuracy"], -best["dev_loss"]):
            state.best_epoch, state.best = state.epoch, state.model.get_weights()
        state.save(state_path)
        report(
            f"epoch {state.epoch:3d}/{config.epochs}  loss {entry['loss']:.4f}  dev accuracy {accuracy:.2%}  "
            f"dev loss {loss:.4f}  {state.history[-1]['seconds']:.1f} s"
        )
        if config.patience and state.epoch - state.best_epoch >= config.patience:
            report(f"no better epoch since {state.best_epoch}: stopping early")
            break


def _score(
    model: Any, features: NDArray[np.float32], targets: NDArray[np.int64], labels: int, logits: bool
) -> tuple[float, float]:
    """Compute (accuracy of the labelled clips, cross-entropy of all)."""
    outputs = np.asarray(model.predict(features, batch_size=256, verbose=0))
    scores = softmax(outputs) if logits else outputs
    labelled = targets >= 0
    accuracy = np.mean(scores[labelled].argmax(axis=1) == targets[labelled])
    loss = -np.mean((one_hot(targets, labels) * np.log(np.maximum(scores, 1e-9))).sum(axis=1))
    return float(accuracy), float(loss)


def _make_deterministic() -> None:
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Set the random state of the dropout layers, which a saved model does not keep."""
    for layer in model.layers:
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed, epoch], generator.state.dtype))


def _write_bundle(
    out: Path, model: Any, state: Checkpoint, config: TrainConfig, frontend: FrontendConfig, corpus: Corpus
) -> Bundle:
    spec = model_spec(config.model)
    test = corpus.splits["test"]
    features = _features(frontend, test)
    metrics: dict[str, Any] = {"best_epoch": state.best_epoch, "history": state.history}
    if (test.targets >= 0).any():
        labelled = test.targets >= 0
        accuracy, _ = _score(
            model, features[labelled], test.targets[labelled], len(corpus.labels), spec.output == "logits"
        )
        low, high = accuracy_interval(round(accuracy * labelled.sum()), int(labelled.sum()))
        metrics["test_accuracy"] = {"value": accuracy, "low": low, "high": high, "n": int(labelled.sum())}
    calibration = _pick(corpus.splits["train"].targets, config.seed)
    checked = test if (test.targets >= 0).any() else corpus.splits["dev"]
    verification = _pick(checked.targets, config.seed, skip=BACKGROUND)
    samples = Samples(
        calibration=_features(frontend, corpus.splits["train"].subset(calibration)),
        verification=_features(frontend, checked.subset(verification)),
        targets=checked.targets[verification],
    )
    manifest = Manifest(
        model=config.model,
        labels=corpus.labels,
        frontend=frontend,
        output=spec.output,
        training=to_mapping(config),
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
