"""MNIST: 70000 images of handwritten digits, for models on images."""

import contextlib
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.dataset import Dataset, Example, Split
from edgeasr.data.files import find_local
from edgeasr.errors import DataError
from edgeasr.packages import import_keras

__all__ = ["LABELS", "LICENCE", "load"]

LABELS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
LICENCE = "MNIST by Yann LeCun, Corinna Cortes and Christopher Burges, CC BY-SA 3.0"

U8 = NDArray[np.uint8]

_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_HOW = "give mnist.npz as mnist:PATH, or its folder as EDGEASR_DATA"


def load(path: str | None) -> Dataset:
    """Load MNIST as ready features, float32 [28, 28] of 0 to 1.

    The last tenth of the training images, 6000 of 60000, is the dev split; who wrote them is not in the file.

    Args:
        path: `mnist.npz` as Keras has it; None takes that file from the folder that the environment variable
            EDGEASR_DATA names, if it is there, and otherwise lets Keras download it, once, with its checksum.

    Raises:
        DataError: the file cannot be downloaded, or is not MNIST.
        MissingPackageError: it is to be downloaded, and Keras is not installed.
    """
    path = path or find_local("mnist.npz")
    arrays = _read(path) if path else _download()
    _check(arrays, path or "mnist")
    examples = tuple(_examples("train", arrays)) + tuple(_examples("test", arrays))
    return Dataset("mnist", LABELS, examples, LICENCE)


def _read(path: str) -> dict[str, U8]:
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in _ARRAYS}
    except OSError as error:
        raise DataError(f"{path}: expected mnist.npz ({error.strerror or error})") from error
    # What NumPy raises for another file depends on what the file begins with.
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, TypeError, AttributeError, zlib.error) as error:
        raise DataError(f"{path}: expected mnist.npz with {', '.join(_ARRAYS)}, got another file") from error


def _download() -> dict[str, U8]:
    keras = import_keras("downloading mnist")
    try:
        with contextlib.redirect_stdout(sys.stderr):  # where Keras draws its progress
            (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises this very class when the server does not answer
        reason = " ".join(str(error).split())
        raise DataError(f"mnist cannot be downloaded ({reason}): try again, or {_HOW}") from error
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _check(arrays: Mapping[str, U8], where: str) -> None:
    for part in ("train", "test"):
        images, digits = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
            raise DataError(
                f"{where}: expected uint8 [n, 28, 28] in x_{part}, got {images.dtype} {list(images.shape)}: {_HOW}"
            )
        if digits.dtype.kind not in "iu" or digits.shape != images.shape[:1] or not np.isin(digits, range(10)).all():
            raise DataError(
                f"{where}: expected {len(images)} digits 0 to 9 in y_{part}, got other numbers ({digits.dtype} "
                f"{list(digits.shape)}): {_HOW}"
            )


def _examples(part: Split, arrays: Mapping[str, U8]) -> Iterator[Example]:
    images, digits = arrays[f"x_{part}"], arrays[f"y_{part}"]
    for index, (image, digit) in enumerate(zip(images, digits, strict=True)):
        split = "dev" if part == "train" and index >= len(images) - len(images) // 10 else part
        yield Example(f"{part}/{index:05d}", LABELS[digit], "", split, partial(_features, image))


def _features(image: U8) -> NDArray[np.float32]:
    return image.astype(np.float32) / np.float32(255)
