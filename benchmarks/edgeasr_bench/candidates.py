"""What is benched: the arguments of the command, taken apart into single models."""

import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError, ConfigError, EdgeASRError
from edgeasr.microwakeword import model_of
from edgeasr.runtime.base import runtimes_of
from edgeasr_bench.progress import Note

__all__ = ["Candidate", "find_candidates", "with_baselines"]


@dataclass(frozen=True)
class Candidate:
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


def find_candidates(
    arguments: Sequence[Path], scratch: Path, notify: Note, runtime: str | None = None
) -> list[Candidate]:
    """List the models that the arguments mean, each once.

    A bundle means its Keras model, where Keras is installed, and all its artefacts, the float32 ones first; float32
    is exported to `scratch` where the bundle has none.

    Args:
        arguments: bundles, artefacts and manifests of microWakeWord models.
        scratch: a folder that lasts as long as the candidates are used.
        notify: told in a line what is left out or made on the way.
        runtime: key of `RUNTIMES` to run them in, all that it runs; None for the one that belongs to each.

    Raises:
        ArtefactError: an argument is neither.
        ConfigError: that runtime runs none of them.
        BundleError: a bundle is damaged, or has nothing that can be run here.
    """
    found: dict[Path, Candidate] = {}
    for argument in {path.resolve(): path for path in map(model_of, arguments)}.values():
        own = runtimes_of(argument)[0]
        if own == "keras":
            candidates = _of_bundle(Bundle.open(argument), scratch, notify)
        else:
            candidates = [Candidate("", argument, argument, own, None)]
        for candidate in candidates:
            found.setdefault(candidate.file.resolve(), candidate)
    chosen = [one for one in found.values() if runtime in (None, *runtimes_of(one.source))]
    if not chosen:
        raise ConfigError(f"{runtime} runs none of {', '.join(path.name for path in found)}: leave the runtime out")
    names = _short_names([one.file.resolve() for one in chosen])
    return [replace(one, name=name, runtime=runtime or one.runtime) for name, one in zip(names, chosen, strict=True)]


def with_baselines(bundle: Bundle, scratch: Path, notify: Note) -> Bundle:
    """Give the bundle with a float32 artefact of each of its formats: itself, or a copy with those that it lacks.

    Quantised against float in the same runtime is the comparison that says what quantisation does.

    Args:
        bundle: stays as it is.
        scratch: folder for the copy.
        notify: told in a line what is exported, or why it is not.
    """
    artefacts = bundle.manifest.artefacts
    there = {artefact.format for artefact in artefacts if artefact.scheme == "float32"}
    missing = sorted({artefact.format for artefact in artefacts} - there)
    if not missing:
        return bundle
    name, formats = bundle.path.resolve().name, " and ".join(missing)
    if not (_is_installed("edgeasr_export") and _is_installed("tensorflow")):
        notify(f"{name}: no float32 {formats} to compare with: `edgeasr export --float32` makes it")
        return bundle
    notify(f"{name}: exporting float32 {formats} for this run, the baseline of the ratios")
    from edgeasr_export import export_bundle

    copy = _copy(bundle, Path(tempfile.mkdtemp(dir=scratch)) / name)
    try:
        return export_bundle(copy, schemes=["float32"], formats=missing)
    except (EdgeASRError, OSError):
        notify(f"{name}: float32 {formats} could not be exported, no ratio: `edgeasr export --float32` says why")
        return Bundle.open(copy.path)  # what could be exported is in it


def _copy(bundle: Bundle, path: Path) -> Bundle:
    path.mkdir()
    for file in bundle.path.iterdir():
        if file.is_file():
            shutil.copyfile(file, path / file.name)
    return Bundle.open(path)


def _of_bundle(bundle: Bundle, scratch: Path, notify: Note) -> list[Candidate]:
    own = bundle.manifest.artefacts
    complete = with_baselines(bundle, scratch, notify)
    candidates = []
    if _is_installed("keras"):
        candidates.append(Candidate("", bundle.model_path, bundle.path, "keras", bundle))
    else:
        notify(f"{bundle.path.resolve().name}: the Keras original is left out, Keras is not installed here")
    formats = list(dict.fromkeys(artefact.format for artefact in own))
    for artefact in sorted(
        complete.manifest.artefacts, key=lambda item: (formats.index(item.format), item.scheme != "float32")
    ):
        file = (bundle if artefact in own else complete).path / artefact.name
        candidates.append(Candidate("", file, file, runtimes_of(file)[0], bundle))
    if not candidates:
        raise BundleError(f"{bundle.path}: nothing that runs here: expected artefacts, made by `edgeasr export`")
    return candidates


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _short_names(paths: Sequence[Path]) -> list[str]:
    """Give the shortest ends of the paths that are all different; the paths are."""
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names
