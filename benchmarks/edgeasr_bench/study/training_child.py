"""Train one model in a process of its own: what TensorFlow keeps of each model would fill the memory over a study.

`python -m edgeasr_bench.study.training_child SETTINGS OUT`, with the settings as JSON, reports each line as `note`, the
share of an epoch that is done as `progress`, and in the end `parameters` and `device`; or why it `diverged`, which
concerns this training alone, or another `error`.
"""

import json
import sys
import warnings
from pathlib import Path

from edgeasr.child import report
from edgeasr.config import from_mapping
from edgeasr.errors import EdgeASRError, TrainingError
from edgeasr.gpu import gpus_of
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import train

__all__ = ["main"]


def main(settings: str, out: str) -> None:
    """Train, and report what the model is and what it was trained on."""
    warnings.showwarning = lambda message, *_: report(note=f"warning: {message}")
    bundle = train(
        from_mapping(TrainConfig, json.loads(settings), "settings"),
        Path(out),
        report=lambda line: report(note=line),
        progress=lambda done: report(progress=done),
    )
    import keras

    model = keras.saving.load_model(bundle.model_path, compile=False)
    report(parameters=model.count_params(), device=", ".join(gpus_of(keras.backend.backend())) or "CPU")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except TrainingError as error:
        report(diverged=str(error))
    except EdgeASRError as error:
        report(error=str(error))
