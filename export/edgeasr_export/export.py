"""Export a bundle: convert in a child process, describe, verify, and only then put the files in place."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edgeasr.bundle import LOG, Artefact, Bundle
from edgeasr.errors import EdgeASRError, ExportError
from edgeasr.scores import softmax
from edgeasr_export.conversion import Conversion, convert
from edgeasr_export.exporters import exporter
from edgeasr_export.schemes import scheme
from edgeasr_export.verify import verify

__all__ = ["export_bundle"]


def export_bundle(
    bundle: Bundle,
    schemes: Sequence[str] = ("int8",),
    formats: Sequence[str] = ("tflite", "onnx"),
    *,
    time_limit_s: float = 600,
    progress: Callable[[str], None] = lambda step: None,
) -> Bundle:
    """Convert a bundle's model to every format in every scheme, and add the verified files to the bundle.

    Args:
        bundle: what to export.
        schemes: keys of `SCHEMES`.
        formats: keys of `EXPORTERS`.
        time_limit_s: for one conversion.
        progress: called with `FORMAT:SCHEME` as each conversion starts.

    Returns:
        The bundle with the new artefacts in its manifest.

    Raises:
        ExportError: one or more artefacts could not be made or do not agree with the original; those that could are
            in the bundle all the same, and the log of the failures is there as `export.log`.
        ConfigError: an unknown scheme or format.
    """
    steps = [f"{format}:{name}" for format, name in itertools.product(formats, schemes)]
    for format, name in itertools.product(formats, schemes):
        exporter(format), scheme(name)  # a name that does not exist is found before minutes of work
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix=".export.", dir=bundle.path) as folder:
        work = Path(folder)
        samples = bundle.samples()
        shutil.copyfile(bundle.model_path, work / "model.keras")
        np.savez(work / "features.npz", calibration=samples.calibration, verification=samples.verification)
        for conversion in convert(work, steps, time_limit_s, progress):
            try:
                bundle = _accept(bundle, conversion, work)
            except EdgeASRError as error:
                failures.append(f"{conversion.step}: {error}")
        if failures:
            shutil.copyfile(work / "worker.log", bundle.path / LOG)
    if failures:
        raise ExportError(f"{'; '.join(failures)} (log: {bundle.path / LOG})")
    return bundle


def _accept(bundle: Bundle, conversion: Conversion, work: Path) -> Bundle:
    """Describe and verify a converted file; move it into the bundle."""
    if conversion.failure:
        raise ExportError(conversion.failure)
    format_name, _, scheme_name = conversion.step.partition(":")
    made_by = exporter(format_name)
    candidate = work / f"{bundle.manifest.model}.{scheme_name}{made_by.suffix}"
    os.replace(work / f"{format_name}.{scheme_name}", candidate)
    made_by.embed(candidate, bundle.card(scheme_name, conversion.quantisation))
    reference = np.load(work / "reference.npy")
    samples = bundle.samples()
    verification = verify(
        candidate,
        scheme(scheme_name),
        samples.verification,
        softmax(reference) if bundle.manifest.output == "logits" else reference,
        samples.targets,
    )
    return bundle.add(Artefact(candidate.name, format_name, scheme_name, asdict(verification)), candidate)
