"""The process that converts: `python -m edgeasr_export.worker WORK FORMAT:SCHEME...`.

Converters crash on some models, and take the whole process with them; so they run here, and `conversion` watches. WORK
holds `model.keras`, `features.npz` (calibration, verification), `settings.json` and `card.json`. The worker adds
`reference.npy` (the original's outputs on the verification features), a folder for each form of the model with its float files,
and the artefacts, and reports each step.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.card import Card
from edgeasr.child import report
from edgeasr.config import from_mapping
from edgeasr.errors import EdgeASRError
from edgeasr_export.artefact import Maker
from edgeasr_export.conversion import ORIGINAL
from edgeasr_export.settings import ExportSettings

__all__ = ["main"]


def main(work: Path, steps: list[str]) -> None:
    """Do the steps in order."""
    with np.load(work / "features.npz") as arrays:
        calibration, verification = arrays["calibration"], arrays["verification"]
    settings = from_mapping(ExportSettings, json.loads((work / "settings.json").read_text()), "settings.json")
    card = Card.from_json((work / "card.json").read_text(), "card.json")
    maker = Maker(work, settings, card, calibration)
    for step in steps:
        report(start=step)
        if step == ORIGINAL:
            _run_original(work, maker.model, verification)
            report(step=step)
            continue
        format_name, _, scheme_name = step.partition(":")
        try:
            report(step=step, **maker.make(format_name, scheme_name))
        except EdgeASRError as error:
            report(step=step, failure=str(error))


def _run_original(work: Path, model: Any, verification: Any) -> None:
    np.save(work / "reference.npy", np.asarray(model.predict(verification, batch_size=32, verbose=0)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
