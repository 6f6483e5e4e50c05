"""The process that converts: `python -m edgeasr_export.worker WORK FORMAT:SCHEME...`.

Converters crash on some models, and take the whole process with them; so they run here, and `conversion` watches. WORK
holds the original, `features.npz` (calibration, verification), `settings.json` and the bundle's `manifest.json`. The
worker adds `reference.npy` (the original's outputs on the verification features), folders with float files, and the
artefacts, and reports each step.
"""

import json
import sys
from pathlib import Path

import numpy as np

from edgeasr.bundle import Bundle, Manifest
from edgeasr.child import report
from edgeasr.config import from_mapping
from edgeasr.errors import EdgeASRError
from edgeasr_export.conversion import ORIGINAL
from edgeasr_export.importing import load_source, run
from edgeasr_export.maker import Maker
from edgeasr_export.settings import ExportSettings

__all__ = ["main"]


def main(work: Path, steps: list[str]) -> None:
    """Do the steps in order."""
    with np.load(work / "features.npz") as arrays:
        calibration, verification = arrays["calibration"], arrays["verification"]
    settings = from_mapping(ExportSettings, json.loads((work / "settings.json").read_text()), "settings.json")
    bundle = Bundle(work, from_mapping(Manifest, json.loads((work / "manifest.json").read_text()), "manifest.json"))
    source = load_source(bundle)
    maker = Maker(work, source, settings, bundle.card(""), bundle.manifest, calibration, lambda line: report(note=line))
    for step in steps:
        report(start=step)
        if step == ORIGINAL:
            np.save(work / "reference.npy", run(source, verification))
            report(step=step)
            continue
        format_name, _, scheme_name = step.partition(":")
        try:
            report(step=step, **maker.make(format_name, scheme_name))
        except EdgeASRError as error:
            report(step=step, failure=str(error))


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)  # Keras goes through a graph by recursion, and that of an unrolled layer is deep
    main(Path(sys.argv[1]), sys.argv[2:])
