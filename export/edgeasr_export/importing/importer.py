"""Import a model: check it in a child process, and write a bundle around it."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.card import OutputKind
from edgeasr.child import start
from edgeasr.config import from_mapping, read_toml
from edgeasr.data.arrays import BACKGROUND
from edgeasr.errors import ConfigError, ExportError
from edgeasr.features import FrontendConfig
from edgeasr.metrics.classification import accuracy
from edgeasr.models import MODELS, model_spec
from edgeasr.packages import check_installed
from edgeasr.registry import resolve
from edgeasr_export.conversion import ENVIRONMENT
from edgeasr_export.importing.samples import check_samples
from edgeasr_export.importing.source import KINDS, Kind, Source

__all__ = ["find_frontend", "import_model"]

_WORKER = "edgeasr_export.importing.worker"
_TIME_LIMIT_S = 600.0
_BY_SUFFIX = {".keras": "keras", ".h5": "keras", ".hdf5": "keras", ".tflite": "tflite", ".onnx": "onnx"}


@dataclass(frozen=True)
class _File:
    """A model that is a file already, for `Bundle.create`."""

    path: Path

    def save(self, target: Path) -> None:
        shutil.copyfile(self.path, target)


def import_model(
    path: Path,
    out: Path,
    labels: Sequence[str],
    frontend: FrontendConfig | None,
    samples: Samples,
    *,
    output: OutputKind | None = None,
    licence: str = "",
    overwrite: bool = False,
    notify: Callable[[str], None] = lambda note: None,
) -> Bundle:
    """Make a bundle of a model that was trained elsewhere.

    Args:
        path: a `.keras`, `.h5`, float `.tflite` or float `.onnx` file, or the folder of a SavedModel.
        out: folder of the bundle.
        labels: one per output, in order.
        frontend: how audio becomes the input; None where that is not known here.
        samples: real features, of any shape that the model's input can be given in.
        output: what the model gives; by default probabilities if all its scores lie in 0 to 1, else logits.
        licence: of the weights, with attribution.
        overwrite: whether a bundle at `out` may be replaced.
        notify: called with what one should know of the model.

    Returns:
        The bundle. Its metrics hold `sample_accuracy` where the samples have targets.

    Raises:
        ExportError: the model cannot be read, or is not one that can be exported.
        ConfigError: the labels are not one per output.
        DataError: the samples are of no use.
        MissingPackageError: a package that reads the file is not installed.
        BundleError: something stands at `out`.
    """
    kind = _kind_of(path)
    if len(set(labels)) < len(labels) or not all(labels):
        raise ConfigError("labels: expected names, each once, got one that is empty or there twice")
    Bundle.check_free(out, overwrite)
    check_samples(samples, labels)
    with TemporaryDirectory(prefix="edgeasr-import.") as folder:
        work = Path(folder)
        source, shape = _adopt(path, kind, work, samples, notify)
        scores = np.load(work / "scores.npy")
        if scores.shape[1] != len(labels):
            raise ConfigError(
                f"{path}: has {scores.shape[1]} outputs, got {len(labels)} labels: give one label per output"
            )
        stored: Kind = resolve(KINDS, source.kind, "kind of model")
        manifest = Manifest(
            model=path.resolve().stem,
            labels=tuple(labels),
            frontend=frontend,
            output=output or ("probabilities" if scores.min() >= 0 and scores.max() <= 1 else "logits"),
            training={"imported": path.resolve().name, "imported_sha256": _sha256(path)},
            metrics=_metrics(scores, samples.targets),
            licence=licence,
            model_file=stored.file,
        )
        fitted = Samples(
            calibration=samples.calibration.reshape(-1, *shape),
            verification=samples.verification.reshape(-1, *shape),
            targets=samples.targets,
        )
        return Bundle.create(out, manifest, _File(source.path), fitted)


def find_frontend(name: str) -> FrontendConfig | None:
    """Find a front end by what the command line calls it.

    Args:
        name: a TOML file with the settings of `FrontendConfig`, a model of `MODELS`, or `none`.

    Raises:
        ConfigError: there is none of this name, or the file is wrong.
    """
    if name == "none":
        return None
    if name.endswith(".toml"):
        return from_mapping(FrontendConfig, read_toml(Path(name)), name)
    if name not in MODELS:
        raise ConfigError(f"unknown front end {name!r}: expected a .toml file, none, or one of {', '.join(MODELS)}")
    return model_spec(name).frontend


def _kind_of(path: Path) -> str:
    if (path / "saved_model.pb").is_file():
        return "saved-model"
    if not path.is_file() or path.suffix not in _BY_SUFFIX:
        found = (
            "no such file"
            if not path.exists()
            else "a folder without saved_model.pb"
            if path.is_dir()
            else "another file"
        )
        raise ExportError(
            f"{path}: {found}: expected the folder of a SavedModel, or a file of the kind {', '.join(_BY_SUFFIX)}"
        )
    return _BY_SUFFIX[path.suffix]


def _adopt(
    path: Path, kind: str, work: Path, samples: Samples, notify: Callable[[str], None]
) -> tuple[Source, tuple[int, ...]]:
    """Let a child read, check and run the model; give what it wrote to `work`, and the shape of the input."""
    reader: Kind = resolve(KINDS, kind, "kind of model")
    for package in reader.packages:
        check_installed(package, "export", f"importing {path}")
    np.savez(work / "features.npz", verification=samples.verification)
    with start(_WORKER, str(path), kind, str(work), time_limit_s=_TIME_LIMIT_S, environment=ENVIRONMENT) as child:
        for report in child.reports():
            if "note" in report:
                notify(report["note"])
                continue
            if "problem" in report:
                raise ExportError(report["problem"])
            stored: Kind = resolve(KINDS, report["kind"], "kind of model")
            return Source(report["kind"], work / stored.file), tuple(report["shape"])
        raise ExportError(f"{path}: cannot be read: {child.ending('the process that reads it')}")


def _metrics(scores: NDArray[np.float32], targets: NDArray[np.int64]) -> dict[str, Any]:
    labelled = np.flatnonzero(targets != BACKGROUND)
    if not len(labelled):
        return {}
    return {"sample_accuracy": asdict(accuracy(scores[labelled].argmax(axis=1) == targets[labelled]))}


def _sha256(path: Path) -> str:
    with (path / "saved_model.pb" if path.is_dir() else path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
