"""Real features to calibrate and verify the exports of an imported model with."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from edgeasr.bundle import Samples
from edgeasr.data.arrays import BACKGROUND, choose_balanced, load_features, load_targets
from edgeasr.data.dataset import Example, Split, load_datasets
from edgeasr.errors import DataError
from edgeasr.features import FrontendConfig

__all__ = ["check_samples", "read_samples", "samples_of_data"]

_CLIPS = 200
_SEED = 0


def samples_of_data(specs: Sequence[str], labels: Sequence[str], frontend: FrontendConfig | None) -> Samples:
    """Choose clips of a data set: for calibration of the training split, for verification of the test split.

    Args:
        specs: data sets, `NAME` or `NAME:PATH` each.
        labels: of the model, in order.
        frontend: None where the data set holds features.

    Raises:
        DataError: the data set cannot be used, or has no clip in one of the splits.
    """
    dataset = load_datasets(specs)
    train = dataset.of_split("train")
    if not train:
        raise DataError(
            f"{dataset.name}: has no clip of the split 'train' to calibrate with: expected some, give other data, or "
            "--samples"
        )
    checked: Split = "test" if dataset.of_split("test") else "dev"
    calibration, _ = load_features(_choose(train, labels), labels, frontend)
    verification, targets = load_features(_choose(dataset.labelled(checked), labels), labels, frontend)
    return Samples(calibration, verification, targets)


def _choose(examples: Sequence[Example], labels: Sequence[str]) -> list[Example]:
    return [examples[row] for row in choose_balanced(load_targets(examples, labels), _CLIPS, _SEED)]


def read_samples(path: Path) -> Samples:
    """Read samples from an .npz file with the arrays of `Samples`; it may lack `targets`.

    Raises:
        DataError: it is no such file.
    """
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            calibration, verification = (np.asarray(file[name], np.float32) for name in ("calibration", "verification"))
            targets = np.asarray(file.get("targets", []), np.int64)
    except (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path}: expected an .npz file with the arrays calibration and verification, [clips, ...] ({error})"
        ) from error
    if calibration.shape[1:] != verification.shape[1:] or calibration.ndim < 2:
        raise DataError(
            f"{path}: expected calibration and verification [clips, ...] of one shape, got "
            f"{calibration.shape} and {verification.shape}"
        )
    if len(targets) not in (0, len(verification)):
        raise DataError(f"{path}: expected {len(verification)} targets, one a clip of verification, got {len(targets)}")
    return Samples(calibration, verification, targets)


def check_samples(samples: Samples, labels: Sequence[str]) -> None:
    """Check that one can calibrate and verify with samples.

    Raises:
        DataError: there is one clip, or silence, or there are numbers that are none, or a target without a label.
    """
    for name, features in (("calibration", samples.calibration), ("verification", samples.verification)):
        if not len(features):
            raise DataError(f"{name}: has no clip: expected some")
        if not np.isfinite(features).all():
            raise DataError(f"{name}: expected finite features, got NaN or infinity: check the audio and the front end")
    calibration = samples.calibration
    if len(calibration) == 1:
        raise DataError("calibration: has one clip: expected dozens, of all labels: ranges of one clip fit no other")
    if not np.ptp(calibration, axis=0).any():
        raise DataError("calibration: all clips have the same features (silence?): expected clips with speech")
    wrong = samples.targets[(samples.targets < BACKGROUND) | (samples.targets >= len(labels))]
    if wrong.size:
        raise DataError(f"targets: expected 0 to {len(labels) - 1}, or {BACKGROUND} for background, got {wrong[0]}")
