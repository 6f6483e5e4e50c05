"""The keyword-spotting test set of MLPerf Tiny: 1000 ready feature maps, no sound."""

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.errors import DataError

__all__ = ["LABELS", "load", "load_split"]

LABELS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "silence", "unknown")

# The input quantisation of the benchmark's reference model, in which the files are kept.
_SCALE, _ZERO_POINT = np.float32(0.58470), np.float32(83)
_SHAPE = (49, 10)
_SPLITS: Mapping[str, Split] = {"train": "train", "dev": "dev"}


def load(path: str | None) -> Dataset:
    """Load the zip of `tst_*.bin` files and their `y_labels.csv`; everything is the test split.

    The features, float32 [49, 10], are the MFCC of the benchmark (https://github.com/mlcommons/tiny).

    Raises:
        DataError: no path, or not such a file.
    """
    if path is None:
        raise DataError("mlperf-kws is not downloaded: give its zip as mlperf-kws:PATH")
    try:
        with zipfile.ZipFile(path) as archive:
            files = {PurePosixPath(name).name: archive.read(name) for name in archive.namelist()}
        rows = list(csv.reader(io.StringIO(files["y_labels.csv"].decode())))
        examples = tuple(
            Example(name, LABELS[int(index)], "", "test", partial(_features, files[name])) for name, _, index in rows
        )
    except OSError as error:
        raise DataError(f"{path}: expected the zip of mlperf-kws ({error.strerror})") from error
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise DataError(f"{path}: expected a zip of tst_*.bin files and y_labels.csv ({error})") from error
    wrong = [example.id for example in examples if len(files[example.id]) != _SHAPE[0] * _SHAPE[1]]
    if wrong:
        raise DataError(f"{path}: expected 490 bytes in {wrong[0]}, got {len(files[wrong[0]])}: copy it again")
    return Dataset(
        "mlperf-kws",
        LABELS,
        examples,
        "MLPerf Tiny keyword spotting; from Speech Commands, P. Warden, CC BY 4.0",
    )


def load_split(path: str | None) -> Dataset:
    """Load the same, split as the clips that the features were computed from are in `speech-commands`.

    What is in the training split may be calibrated on; all that is not known to be in `train` or `dev` is test.

    Raises:
        DataError: no path, not such a file, or one without `sources.csv`.
    """
    if path is None:
        raise DataError("mlperf-kws-split is not downloaded: give its zip as mlperf-kws-split:PATH")
    dataset = load(path)
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (name for name in archive.namelist() if PurePosixPath(name).name == "sources.csv")
            rows = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
        splits: dict[str, Split] = {
            row["bin"]: _SPLITS.get(row["split_in_speech_commands_zip"], "test") for row in rows
        }
        examples = tuple(replace(example, split=splits[example.id]) for example in dataset.examples)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: expected a sources.csv that names the clip of each .bin file ({error})") from error
    return replace(dataset, name="mlperf-kws-split", examples=examples)


def _features(data: bytes) -> NDArray[np.float32]:
    quantised = np.frombuffer(data, np.int8).astype(np.float32)
    return ((quantised - _ZERO_POINT) * _SCALE).reshape(_SHAPE)
