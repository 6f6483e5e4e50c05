"""Export a bundle: convert in a child process, verify, and only then put the files in place."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edgeasr.bundle import LOG, Artefact, Bundle, Samples
from edgeasr.config import to_mapping
from edgeasr.errors import ConfigError, EdgeASRError, ExportError
from edgeasr.scores import softmax
from edgeasr_export.calibration import unlikeness
from edgeasr_export.conversion import Conversion, convert
from edgeasr_export.exporters import EXPORTERS, exporter
from edgeasr_export.importing import formats_of, load_source
from edgeasr_export.importing.samples import check_samples
from edgeasr_export.schemes import scheme
from edgeasr_export.settings import ExportSettings
from edgeasr_export.variants import format_of, variant
from edgeasr_export.verify import verify

__all__ = ["PartialExportError", "conversions", "export_bundle"]


class PartialExportError(ExportError):
    """One or more artefacts could not be made, or do not agree with the original.

    Attributes:
        made: those that could; they are in the bundle.
    """

    def __init__(self, message: str, made: tuple[Artefact, ...]) -> None:
        super().__init__(message)
        self.made = made


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
        PartialExportError: one or more artefacts could not be made or do not agree with the original; those that could
            are in the bundle all the same, and the log of the failures is there as `export.log`.
        ExportError: the original cannot be loaded or run.
        ConfigError: an unknown scheme or format, a scheme that does not exist in a format that was named, or settings
            that are of no use to any.
        DataError: the bundle's samples are of no use for calibration.
    """
    settings = settings or ExportSettings()
    steps = conversions(schemes, formats, formats_of(load_source(bundle).kind))
    if (settings.improve or settings.finetune_epochs) and not any(scheme(name).weight_bits for name in schemes):
        raise ConfigError(f"weights of {', '.join(schemes)} stay float: improve and finetune serve integers")
    for found in filter(None, map(variant, formats or ())):
        found.check(bundle)
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix=".export.", dir=bundle.path) as folder:
        work = Path(folder)
        samples = bundle.samples()
        doubt = (
            _doubt(samples, bundle.manifest.labels)
            if any(scheme(step.partition(":")[2]).calibrated for step in steps)
            else ()
        )
        shutil.copyfile(bundle.model_path, work / bundle.model_path.name)
        np.savez(work / "features.npz", calibration=samples.calibration, verification=samples.verification)
        (work / "settings.json").write_text(json.dumps(to_mapping(settings)))
        (work / "manifest.json").write_text(json.dumps(to_mapping(bundle.manifest)))
        try:
            converted = convert(work, steps, time_limit_s, progress)
        except ExportError as error:
            raise ExportError(f"{error} (log: {_keep_log(work, bundle)})") from error
        for conversion in converted:
            try:
                bundle = _accept(bundle, conversion, work, settings, doubt)
            except EdgeASRError as error:
                failures.append(f"{conversion.step}: {error}")
        if failures:
            _keep_log(work, bundle)
        else:
            (bundle.path / LOG).unlink(missing_ok=True)
    if failures:
        made = bundle.manifest.artefacts[len(bundle.manifest.artefacts) - len(steps) + len(failures) :]
        raise PartialExportError(f"{'; '.join(failures)} (log: {bundle.path / LOG})", made)
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
        variant(format, name)
        exporter(format_of(format))
        if formats or format in scheme(name).quantise:
            scheme(name, format_of(format))
            steps.append(f"{format}:{name}")
    if not steps:
        raise ConfigError("expected at least one scheme and one format, got none")
    return steps


def _keep_log(work: Path, bundle: Bundle) -> Path:
    """Put what the converters wrote to standard error into the bundle."""
    return shutil.copyfile(work / "worker.log", bundle.path / LOG)


def _doubt(samples: Samples, labels: Sequence[str]) -> tuple[str, ...]:
    """Say what makes ranges of calibration features doubtful.

    Raises:
        DataError: no range can be had of them: there is one clip, or silence.
    """
    check_samples(samples, labels)
    how = unlikeness(samples.calibration, samples.verification)
    return (f"the calibration features {how}: their ranges may not fit, calibrate with other clips",) if how else ()


def _accept(
    bundle: Bundle, conversion: Conversion, work: Path, settings: ExportSettings, doubt: tuple[str, ...]
) -> Bundle:
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
    made = variant(format_name)
    beside = made.beside(bundle, work / conversion.file) if made else {}
    for name, text in beside.items():
        (work / name).write_text(text)
    notes = (*conversion.notes, *(doubt if scheme(scheme_name).calibrated else ()))
    noted = {**asdict(verification), "notes": notes, "settings": to_mapping(settings)}
    artefact = Artefact(conversion.file, format_of(format_name), scheme_name, noted)
    return bundle.add(artefact, work / conversion.file, *(work / name for name in beside))
