"""The process that reads what somebody brought: `python -m edgeasr_export.importing.worker FILE KIND WORK`.

Readers crash on some files, or hang, so they run here, and `importer` watches. WORK holds `features.npz`
(verification). The worker adds the model, as a bundle keeps it, and `scores.npy`, what it says of the verification
features; it reports the kind of the model and the shape of its input, or what is wrong with it.
"""

import sys
from pathlib import Path

import numpy as np

from edgeasr.child import report
from edgeasr.errors import EdgeASRError, ExportError
from edgeasr.registry import resolve
from edgeasr_export.importing.source import KINDS, Kind, run

__all__ = ["main"]


def main(path: Path, kind: str, work: Path) -> None:
    """Read a model, check it, run it, and write it to `work`."""
    try:
        with np.load(work / "features.npz") as arrays:
            features = arrays["verification"]
        reader: Kind = resolve(KINDS, kind, "kind of model")
        source, shape = reader.adopt(path, work, features.shape[1:])
        scores = run(source, features.reshape(len(features), *shape))
        if scores.ndim != 2:
            raise ExportError(
                f"{path}: expected scores of shape [clips, labels], got {list(scores.shape)}: models that score every "
                "frame are trained here, not imported"
            )
        if not np.isfinite(scores).all():
            raise ExportError(f"{path}: gives scores that are not finite on real features: train it again")
        np.save(work / "scores.npy", scores)
        report(kind=source.kind, shape=shape)
    except EdgeASRError as error:
        report(problem=str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
