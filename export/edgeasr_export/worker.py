"""The process that converts: `python -m edgeasr_export.worker WORK FORMAT:SCHEME...`.

Converters crash on some models, and take the whole process with them; so they run here, and `conversion` watches. WORK
holds `model.keras` and `features.npz` (calibration, verification). The worker adds `saved_model/`, `reference.npy` (the
original's outputs on the verification features) and `FORMAT.SCHEME` files, and reports each step.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.child import report
from edgeasr_export.conversion import ORIGINAL
from edgeasr_export.exporters import exporter
from edgeasr_export.schemes import scheme

__all__ = ["main"]


def main(work: Path, steps: list[str]) -> None:
    """Do the steps in order."""
    with np.load(work / "features.npz") as arrays:
        calibration, verification = arrays["calibration"], arrays["verification"]
    for step in steps:
        report(start=step)
        if step == ORIGINAL:
            _freeze(work, verification)
            report(done=step)
            continue
        format_name, _, scheme_name = step.partition(":")
        target = work / f"{format_name}.{scheme_name}"
        quantisation = exporter(format_name).convert(work / "saved_model", target, scheme(scheme_name), calibration)
        report(done=step, quantisation=quantisation)


def _freeze(work: Path, verification: Any) -> None:
    """Run the original on the verification features, and write it as a SavedModel for a batch of one."""
    import keras

    model = keras.saving.load_model(work / "model.keras", compile=False)
    np.save(work / "reference.npy", np.asarray(model.predict(verification, batch_size=32, verbose=0)))
    signature = keras.InputSpec(shape=(1, *verification.shape[1:]), dtype="float32", name="features")
    model.export(work / "saved_model", format="tf_saved_model", input_signature=[signature], verbose=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
