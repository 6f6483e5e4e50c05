"""Count what a model costs in a process of its own, which gives the memory of a large model back.

`python -m edgeasr_bench.zoo.cost_child BUNDLE` reports `parameters` and `macs`, or an `error`.
"""

import sys

from edgeasr.bundle import Bundle
from edgeasr.child import report
from edgeasr.config import from_mapping
from edgeasr.errors import EdgeASRError
from edgeasr.models import build
from edgeasr.models.cost import count_macs
from edgeasr.train.config import TrainConfig

__all__ = ["main"]


def main(path: str) -> None:
    """Build the model of a bundle for clips of its whole window, and report its cost."""
    bundle = Bundle.open(path)
    manifest = bundle.manifest
    frames, bins = manifest.frontend.shape if manifest.frontend else bundle.samples().calibration.shape[1:]
    config = from_mapping(TrainConfig, manifest.training, path)
    model = build(config.model, (frames, bins), len(manifest.labels), config.options)
    report(parameters=model.count_params(), macs=count_macs(model))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EdgeASRError as error:
        report(error=str(error))
