"""What is benched: the arguments of the command, taken apart into single models."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError, EdgeASRError
from edgeasr.runtime.base import runtime_name

__all__ = ["Subject", "find_subjects", "with_yardsticks"]

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """One model to bench.

    Attributes:
        name: file name, with as many folders in front as tell it from the others.
        file: the model's file.
        source: what `edgeasr.runtime.load` takes: the file, or the bundle of a Keras model.
        runtime: key of `RUNTIMES`.
        bundle: the bundle it was named by; None for an artefact on its own.
    """

    name: str
    file: Path
    source: Path
    runtime: str
    bundle: Bundle | None


def find_subjects(arguments: Sequence[Path], notify: Notify) -> list[Subject]:
    """List the models that the arguments mean, each once.

    A bundle means its Keras model, where Keras is installed, and all its artefacts, the float32 ones first.

    Args:
        arguments: bundles and artefacts.
        notify: told in a line what is left out or made on the way.

    Raises:
        ArtefactError: an argument is neither.
        BundleError: a bundle is damaged, or has nothing that can be run here.
    """
    found: dict[Path, Subject] = {}
    for argument in arguments:
        runtime = runtime_name(argument)
        if runtime == "keras":
            subjects = _of_bundle(Bundle.open(argument), notify)
        else:
            subjects = [Subject("", argument, argument, runtime, None)]
        for subject in subjects:
            found.setdefault(subject.file.resolve(), subject)
    names = _short_names(list(found))
    return [
        Subject(name, subject.file, subject.source, subject.runtime, subject.bundle)
        for name, subject in zip(names, found.values(), strict=True)
    ]


def with_yardsticks(bundle: Bundle, notify: Notify) -> Bundle:
    """Export the float32 artefact of each format that a bundle has quantised only, where that can be done.

    Quantised against float in the same runtime is the comparison that says what quantisation does.
    """
    artefacts = bundle.manifest.artefacts
    measured = {artefact.format for artefact in artefacts if artefact.scheme == "float32"}
    missing = sorted({artefact.format for artefact in artefacts} - measured)
    if not missing:
        return bundle
    formats = " and ".join(missing)
    if not (_is_installed("edgeasr_export") and _is_installed("tensorflow")):
        notify(f"{bundle.path.name}: no float32 {formats} to compare with: `edgeasr export --float32` makes it")
        return bundle
    notify(f"{bundle.path.name}: exporting float32 {formats} first, the yardstick of the ratios")
    from edgeasr_export import export_bundle

    try:
        return export_bundle(bundle, schemes=["float32"], formats=missing)
    except (EdgeASRError, OSError) as error:
        notify(f"{bundle.path.name}: float32 {formats} could not be exported, no ratio: {error}")
        return Bundle.open(bundle.path)  # what could be exported is in it


def _of_bundle(bundle: Bundle, notify: Notify) -> list[Subject]:
    bundle = with_yardsticks(bundle, notify)
    subjects = []
    if _is_installed("keras"):
        subjects.append(Subject("", bundle.model_path, bundle.path, "keras", bundle))
    else:
        notify(f"{bundle.path.name}: the Keras original is left out, Keras is not installed here")
    formats = list(dict.fromkeys(artefact.format for artefact in bundle.manifest.artefacts))
    for artefact in sorted(
        bundle.manifest.artefacts, key=lambda item: (formats.index(item.format), item.scheme != "float32")
    ):
        file = bundle.path / artefact.name
        subjects.append(Subject("", file, file, runtime_name(file), bundle))
    if not subjects:
        raise BundleError(f"{bundle.path}: nothing that runs here: expected artefacts, made by `edgeasr export`")
    return subjects


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _short_names(paths: Sequence[Path]) -> list[str]:
    """Give the shortest ends of the paths that are all different; the paths are."""
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names
