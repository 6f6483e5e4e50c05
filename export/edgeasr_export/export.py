"""Export a bundle: convert in a child process, verify, and only then put the files in place."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edgeasr.bundle import LOG, Artefact, Bundle
from edgeasr.config import to_mapping
from edgeasr.errors import ConfigError, EdgeASRError, ExportError
from edgeasr.scores import softmax
from edgeasr_export.conversion import Conversion, convert
from edgeasr_export.exporters import EXPORTERS, exporter
from edgeasr_export.importing import formats_of, load_source
from edgeasr_export.schemes import scheme
from edgeasr_export.settings import ExportSettings
from edgeasr_export.verify import verify

__all__ = ["conversions", "export_bundle"]


def export_bundle(
    bundle: Bundle,
    schemes: Sequence[str] = ("int8",),
    formats: Sequence[str] | None = None,
    settings: ExportSettings | None = None,
    *,
    time_limit_s: float = 600,
    progress: Callable[[str], None] = lambda step: None,
) -> Bundle:
    """Convert a bundle's model to formats in schemes, and add the verified files to the bundle.

    Args:
        bundle: what to export.
        schemes: keys of `SCHEMES`.
        formats: keys of `EXPORTERS`; by default all in which a scheme exists.
        settings: how to quantise; by default as `ExportSettings` has it.
        time_limit_s: for one conversion.
        progress: called with `FORMAT:SCHEME` as each conversion starts.

    Returns:
        The bundle with the new artefacts in its manifest.

    Raises:
        ExportError: one or more artefacts could not be made or do not agree with the original; those that could are
            in the bundle all the same, and the log of the failures is there as `export.log`.
        ConfigError: an unknown scheme or format, or a scheme that does not exist in a format that was named.
    """
    settings = settings or ExportSettings()
    steps = conversions(schemes, formats, formats_of(load_source(bundle).kind))
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix=".export.", dir=bundle.path) as folder:
        work = Path(folder)
        samples = bundle.samples()
        shutil.copyfile(bundle.model_path, work / bundle.model_path.name)
        np.savez(work / "features.npz", calibration=samples.calibration, verification=samples.verification)
        (work / "settings.json").write_text(json.dumps(to_mapping(settings)))
        (work / "manifest.json").write_text(json.dumps(to_mapping(bundle.manifest)))
        for conversion in convert(work, steps, time_limit_s, progress):
            try:
                bundle = _accept(bundle, conversion, work, settings)
            except EdgeASRError as error:
                failures.append(f"{conversion.step}: {error}")
        if failures:
            shutil.copyfile(work / "worker.log", bundle.path / LOG)
        else:
            (bundle.path / LOG).unlink(missing_ok=True)
    if failures:
        raise ExportError(f"{'; '.join(failures)} (log: {bundle.path / LOG})")
    return bundle


def conversions(
    schemes: Sequence[str], formats: Sequence[str] | None = None, possible: Sequence[str] = tuple(EXPORTERS)
) -> list[str]:
    """List what is converted, as `FORMAT:SCHEME`; a name that does not exist is found before minutes of work.

    Args:
        schemes: keys of `SCHEMES`.
        formats: keys of `EXPORTERS`; by default all in which a scheme exists.
        possible: those that the original can be exported to.

    Raises:
        ConfigError: an unknown scheme or format, or a scheme that does not exist in a format that was named.
        MissingPackageError: a package that a format needs is not installed.
    """
    steps = []
    for format, name in itertools.product(formats or possible, schemes):
        exporter(format)
        if formats or format in scheme(name).quantise:
            scheme(name, format)
            steps.append(f"{format}:{name}")
    if not steps:
        raise ConfigError("expected at least one scheme and one format, got none")
    return steps


def _accept(bundle: Bundle, conversion: Conversion, work: Path, settings: ExportSettings) -> Bundle:
    """Verify a converted file; move it into the bundle."""
    if conversion.failure:
        raise ExportError(conversion.failure)
    format_name, _, scheme_name = conversion.step.partition(":")
    reference = np.load(work / "reference.npy")
    samples = bundle.samples()
    verification = verify(
        work / conversion.file,
        scheme(scheme_name),
        samples.verification,
        softmax(reference) if bundle.manifest.output == "logits" else reference,
        samples.targets,
        work / conversion.baseline if conversion.baseline else None,
    )
    noted = {**asdict(verification), "notes": conversion.notes, "settings": to_mapping(settings)}
    return bundle.add(Artefact(conversion.file, format_name, scheme_name, noted), work / conversion.file)
