"""One model in every runtime, and real features to run it on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.runtime import RUNTIMES, load
from edgeasr.runtime.base import Runtime


@pytest.fixture(scope="session")
def artefacts(exported: Bundle) -> dict[str, Path]:
    """Give the files of the exported model by name: `tflite.int8`, `onnxruntime.float32`, ..., `keras`."""
    model, suffixes = exported.manifest.model, {"tflite": "tflite", "reference": "tflite", "onnxruntime": "onnx"}
    found = {
        f"{runtime}.{scheme}": exported.path / f"{model}.{scheme}.{suffix}"
        for runtime, suffix in suffixes.items()
        for scheme in ("float32", "int8")
    }
    return {"keras": exported.path, **found}


@pytest.fixture(scope="session")
def features(exported: Bundle) -> np.ndarray:
    """Give real features that the model was not trained on: float32 [clips, frames, bins]."""
    return exported.samples().verification


@pytest.fixture(scope="session")
def original(artefacts: dict[str, Path]) -> Runtime:
    """Give the Keras original, loaded once."""
    return load(artefacts["keras"])


@pytest.fixture(params=RUNTIMES)
def model(request: pytest.FixtureRequest, artefacts: dict[str, Path], original: Runtime) -> Runtime:
    """Give the model in each runtime there is; one that is added needs its artefact in `artefacts`."""
    if request.param == "keras":
        return original
    return load(artefacts[f"{request.param}.int8"], request.param)


@pytest.fixture
def copy(artefacts: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Give a function that copies an artefact to where it may be damaged."""

    def copied(name: str) -> Path:
        return Path(shutil.copy(artefacts[name], tmp_path))

    return copied
