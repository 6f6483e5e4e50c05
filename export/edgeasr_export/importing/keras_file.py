"""Keras files: `.keras` and `.h5`, of Keras 3 or 2."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ExportError
from edgeasr.packages import import_keras, require
from edgeasr_export.importing.shape import fit_shape
from edgeasr_export.importing.source import Kind, Source

__all__ = ["KERAS"]

_WAY_OUT = "export a SavedModel with model.export(FOLDER) where its code is, and import that"
# what Keras says of a class that it does not know, in its several words
_UNKNOWN = re.compile(r"(?:locate class|[Uu]nknown layer:?|[Uu]nknown object:?|locate function) '([^']+)'")


def _adopt(path: Path, folder: Path, features: tuple[int, ...]) -> tuple[Source, tuple[int, ...]]:
    keras = import_keras("reading a Keras file")
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras' readers raise whatever comes of a file of another Keras
        if _written_by(path).startswith("2."):
            return _adopt_legacy(path, folder, features)
        raise ExportError(_why_not(path, keras.__version__, error)) from error
    _check(model, path)
    shape = fit_shape(model.inputs[0].shape[1:], features, str(path))
    model.save(folder / KERAS.file)
    return Source("keras", folder / KERAS.file), shape


def _adopt_legacy(path: Path, folder: Path, features: tuple[int, ...]) -> tuple[Source, tuple[int, ...]]:
    """Let Keras 2 read its file, and go on with the SavedModel that it makes of it."""
    from edgeasr_export.importing.saved_model import adopt

    tf_keras = require("tf_keras", "keras2", f"{path}, a file of Keras 2 that Keras 3 cannot read,")
    try:
        model = tf_keras.models.load_model(path, compile=False)
    except Exception as error:
        raise ExportError(_why_not(path, tf_keras.__version__, error)) from error
    _check(model, path)
    model.export(folder / "keras2")
    return adopt(folder / "keras2", folder, features)


def _written_by(path: Path) -> str:
    """Give the version of the Keras that wrote a file, as far as it says that."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read("metadata.json")) if "metadata.json" in archive.namelist() else {}
        return str(metadata.get("keras_version", ""))
    try:
        with require("h5py", "train", "reading .h5").File(path) as file:
            version = file.attrs.get("keras_version", "")
    except OSError:
        return ""
    return version.decode() if isinstance(version, bytes) else str(version)


def _why_not(path: Path, version: str, error: Exception) -> str:
    text = str(error).strip()
    if found := _UNKNOWN.search(text):
        return f"{path}: has the layer {found[1]}, which is not Keras' own: {_WAY_OUT}"
    if "Lambda" in text or "lambda" in text:
        return f"{path}: has a Lambda layer, that is code, which is not run from a file: {_WAY_OUT}"
    return f"{path}: Keras {version} cannot read it ({text.partition(chr(10))[0]}): copy it again, or {_WAY_OUT}"


def _check(model: Any, path: Path) -> None:
    for side, tensors in (("input", model.inputs), ("output", model.outputs)):
        if len(tensors) != 1:
            names = ", ".join(tensor.name for tensor in tensors)
            raise ExportError(f"{path}: expected a model of one {side}, got {len(tensors)}: {names}")
    for what, tensor in (("input", model.inputs[0]), *((weights.name, weights) for weights in model.weights)):
        dtype = getattr(tensor.dtype, "name", str(tensor.dtype))
        if dtype == "float64" or (what == "input" and dtype != "float32"):
            raise ExportError(
                f"{path}: expected float32, got {dtype} in {what}: build the model in float32 and copy the weights"
            )
    for weights in model.weights:
        if not np.isfinite(np.asarray(weights)).all():
            raise ExportError(
                f"{path}: the weights {getattr(weights, 'path', weights.name)} hold NaN or infinity: train it again"
            )


def _run(path: Path, features: NDArray[np.float32]) -> NDArray[np.float32]:
    keras = import_keras("running the Keras original")
    model = keras.saving.load_model(path, compile=False)
    return np.asarray(model.predict(features, batch_size=32, verbose=0))


# nothing to write: the exporter has its own ways to convert it
KERAS = Kind(file="model.keras", packages=("keras", "tensorflow"), adopt=_adopt, run=_run, write={})
