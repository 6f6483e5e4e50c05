"""The bundle: the one thing that the stages hand over on disk.

A folder with the model (`model.keras`, or what was imported), `samples.npz` (features for calibration and
verification), `manifest.json` (labels, front end, training settings, metrics, sha256 of every file), and the artefacts
that exports add.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgeasr import __version__
from edgeasr.atomic import check_writable, replacing, write_text
from edgeasr.card import Card, CtcOutput, OutputKind
from edgeasr.config import read_document, to_mapping
from edgeasr.errors import BundleError, ConfigError
from edgeasr.features.config import FrontendConfig

__all__ = ["LOG", "Artefact", "Bundle", "Manifest", "ModelFile", "Samples", "read_manifest"]

_MANIFEST = "manifest.json"
_SAMPLES = "samples.npz"
_CARD = "MODEL_CARD.md"  # for people
LOG = "export.log"  # of the converters, where one failed

# Of Keras; or, imported: a SavedModel without variables, a float TFLite file, a float ONNX file.
ModelFile = Literal["model.keras", "model.pb", "model.tflite", "model.onnx"]


@dataclass(frozen=True)
class Artefact:
    """One exported file of a bundle: its name, format (`tflite`, `onnx`), scheme, and how it was verified."""

    name: str
    format: str
    scheme: str
    verification: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself.

    Attributes:
        model: architecture, a key of `MODELS`, or the name of an imported file.
        labels: one per output, in order; of a CTC model the characters, and the blank last.
        frontend: how audio becomes the input; None for a model of something else, such as images.
        output: whether the model gives logits or probabilities.
        training: the resolved settings of the training.
        metrics: what was measured when it was trained.
        licence: of the weights, with attribution of the data.
        artefacts: the exported files.
        sha256: hash of every file, by name.
        created: UTC time, ISO 8601.
        created_by: tool and version.
        ctc: of a CTC model, how its output frames follow the input; None for a classifier.
        model_file: the original, which all artefacts are made from.
        spotting: how to listen with the model, `config`, the fields of a `SpotterConfig`, and what was `measured` with
            it; empty where nobody has looked for it.
        version: of this document.
    """

    model: str
    labels: tuple[str, ...]
    frontend: FrontendConfig | None
    output: OutputKind
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    artefacts: tuple[Artefact, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)
    created: str = ""
    created_by: str = f"edgeasr {__version__}"
    ctc: CtcOutput | None = None
    model_file: ModelFile = "model.keras"
    spotting: dict[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def model_sha256(self) -> str:
        """Hash of the original, which tells it from all others."""
        return self.sha256[self.model_file]

    def has(self, file: Path) -> bool:
        """Tell by its hash whether a file is one of the bundle's, whatever it is called now."""
        return _sha256(file) in self.sha256.values()


@dataclass(frozen=True)
class Samples:
    """Real features kept with the model.

    Attributes:
        calibration: float32 [clips, frames, bins], from the training split: the representative set.
        verification: float32 [clips, frames, bins], from the test split.
        targets: int64 [clips], index of the right label of each verification clip; of a CTC model
            [clips, characters], the transcript, filled up with -1.
    """

    calibration: NDArray[np.float32]
    verification: NDArray[np.float32]
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files were found to be what its manifest says."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: str | Path) -> "Bundle":
        """Open a bundle and check every file against its hash.

        Raises:
            BundleError: the folder is no bundle, or a file of it is missing or altered.
        """
        path = Path(path)
        manifest = read_manifest(path)
        for name in (manifest.model_file, _SAMPLES, *(artefact.name for artefact in manifest.artefacts)):
            if name not in manifest.sha256:
                raise BundleError(f"{path / _MANIFEST}: has no sha256 of {name}: restore it or train again")
        for name, digest in manifest.sha256.items():
            if not (path / name).is_file():
                raise BundleError(f"{path}: {name} is missing: restore it or make it again")
            if _sha256(path / name) != digest:
                raise BundleError(f"{path}: {name} was altered (sha256 differs): restore it or make it again")
        return cls(path, manifest)

    @staticmethod
    def check_free(path: Path, overwrite: bool = False) -> None:
        """Check that a bundle can be written to `path`: nothing stands there, or an empty folder.

        Args:
            path: where.
            overwrite: whether a bundle may stand there, with no other files than its own.

        Raises:
            BundleError: something does.
            OSError: nothing can be made there.
        """
        check_writable(path)
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return
        try:
            manifest = read_manifest(path)  # of a bundle: other programs call their files manifest.json too
        except BundleError:
            raise BundleError(f"{path}: exists and is not a bundle: choose another folder") from None
        if not overwrite:
            raise BundleError(
                f"{path}: holds a bundle already: choose another folder, or pass --overwrite to replace it"
            )
        own = {_MANIFEST, _CARD, LOG, *manifest.sha256}
        foreign = sorted(file.name for file in path.iterdir() if file.name not in own)
        if foreign:
            raise BundleError(f"{path}: holds {foreign[0]}, which is not the bundle's, and would be lost: move it away")

    @classmethod
    def create(
        cls,
        path: Path,
        manifest: Manifest,
        model: Any,
        samples: Samples,
        files: Mapping[str, Callable[[Path], None]] | None = None,
    ) -> "Bundle":
        """Write a new bundle, whole or not at all.

        Args:
            path: where; must not exist, or be an empty folder or a bundle, which is replaced.
            manifest: what to say of it; hashes and date are filled in.
            model: the Keras model, or whatever has a method `save` that writes the manifest's `model_file`.
            samples: features for calibration and verification.
            files: functions that write further files, by name.

        Raises:
            BundleError: `path` holds something else.
        """
        cls.check_free(path, overwrite=True)
        with replacing(path) as scratch:
            scratch.mkdir()
            model.save(scratch / manifest.model_file)
            np.savez_compressed(
                scratch / _SAMPLES,
                calibration=samples.calibration,
                verification=samples.verification,
                targets=samples.targets,
            )
            for name, write in (files or {}).items():
                write(scratch / name)
            empty = cls(scratch, replace(manifest, artefacts=(), sha256={}, created=_now()))
            bundle = empty._with_hashes(manifest.model_file, _SAMPLES, *(files or {}))
            bundle._write_manifest()
        return cls(path, bundle.manifest)

    @property
    def sha256(self) -> str:
        """Hash of the manifest, which has those of all files: it tells this state of the bundle from all others."""
        return _sha256(self.path / _MANIFEST)

    @property
    def model_path(self) -> Path:
        """The original."""
        return self.path / self.manifest.model_file

    def samples(self) -> Samples:
        """Read the features for calibration and verification."""
        with np.load(self.path / _SAMPLES) as arrays:
            return Samples(arrays["calibration"], arrays["verification"], arrays["targets"])

    def card(self, scheme: str, quantisation: Mapping[str, Any] | None = None) -> Card:
        """Make the card of an artefact of this bundle."""
        manifest = self.manifest
        return Card(
            model=manifest.model,
            scheme=scheme,
            labels=manifest.labels,
            frontend=manifest.frontend,
            output=manifest.output,
            model_sha256=manifest.model_sha256,
            quantisation=dict(quantisation or {}),
            licence=manifest.licence,
            created_by=f"edgeasr {__version__}",
            ctc=manifest.ctc,
        )

    def add(self, artefact: Artefact, file: Path, *beside: Path) -> "Bundle":
        """Move an exported file, and those that belong beside it, into the bundle and enter them into the manifest.

        Interrupted at any point, the bundle on disk stays valid: an older artefact of this name leaves the manifest
        before its file is replaced.
        """
        others = tuple(other for other in self.manifest.artefacts if other.name != artefact.name)
        names = (artefact.name, *(path.name for path in beside))
        hashes = {name: digest for name, digest in self.manifest.sha256.items() if name not in names}
        without = replace(self, manifest=replace(self.manifest, artefacts=others, sha256=hashes))
        if hashes != self.manifest.sha256:
            without._write_manifest()
        for name, path in zip(names, (file, *beside), strict=True):
            os.replace(path, self.path / name)
        manifest = replace(without.manifest, artefacts=(*others, artefact))
        bundle = replace(without, manifest=manifest)._with_hashes(*names)
        bundle._write_manifest()
        return bundle

    def keep_spotting(self, spotting: Mapping[str, Any]) -> "Bundle":
        """Enter into the manifest how to listen with the model, as `Manifest.spotting` has it."""
        bundle = replace(self, manifest=replace(self.manifest, spotting=dict(spotting)))
        bundle._write_manifest()
        return bundle

    def _with_hashes(self, *names: str) -> "Bundle":
        hashes = {name: _sha256(self.path / name) for name in names}
        return replace(self, manifest=replace(self.manifest, sha256={**self.manifest.sha256, **hashes}))

    def _write_manifest(self) -> None:
        write_text(self.path / _MANIFEST, json.dumps(to_mapping(self.manifest), indent=1) + "\n")


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a bundle alone; `Bundle.open` also checks the files.

    Args:
        path: the folder.

    Raises:
        BundleError: there is none, or it is damaged.
    """
    manifest_path = path / _MANIFEST
    if not manifest_path.is_file():
        raise BundleError(f"{path}: not a bundle, it has no {_MANIFEST}: make one with `edgeasr train`")
    try:
        values: Mapping[str, Any] = json.loads(manifest_path.read_text(encoding="utf-8"))
        return read_document(Manifest, values, str(manifest_path))
    except (ValueError, ConfigError) as error:
        raise BundleError(f"{manifest_path}: cannot be read ({error}): restore it or train again") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
