"""The float original: a bundle's Keras model, on whatever backend Keras has."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError
from edgeasr.gpu import gpus_of
from edgeasr.packages import import_keras
from edgeasr.quiet import quiet
from edgeasr.runtime.base import Runtime, check_features, check_scores
from edgeasr.scores import softmax

__all__ = ["KerasRuntime"]


class KerasRuntime(Runtime):
    """A bundle's `model.keras`, compiled by its backend, one clip at a time."""

    name = "keras"

    def __init__(self, path: Path, threads: int = 1) -> None:
        bundle = Bundle.open(path)
        if bundle.model_path.suffix != ".keras":
            raise BundleError(
                f"{path}: holds {bundle.model_path.name}, which was imported, and no Keras model: "
                "run its float32 artefact instead, made by `edgeasr export --float32`"
            )
        keras = import_keras("running the Keras original")
        backend = keras.backend.backend()
        self.path, self.card = path, bundle.card("float32")
        self.threads = _limit_tensorflow(threads) if backend == "tensorflow" else threads
        try:
            with quiet():
                self._model = keras.saving.load_model(bundle.model_path, compile=False)
        except (OSError, TypeError, ValueError) as error:  # made by another Keras, or with layers of somebody's own
            reason = str(error).strip().partition("\n")[0]
            raise BundleError(
                f"{bundle.model_path}: Keras {keras.__version__} cannot load it ({reason}): "
                "install the Keras that made it, or train again"
            ) from error
        device = ", ".join(gpus_of(backend)) or "CPU"
        self.version = f"keras {keras.__version__} ({backend}, {device})"
        self._shape = (1, *self._model.input_shape[1:])
        if self.card.ctc and self.card.frontend:  # made for any length; here it sees what an artefact of it would
            self._shape = (1, *self.card.frontend.shape)
        self._logits = self.card.output == "logits"

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        scores = np.asarray(self._model.predict_on_batch(features))[0]
        return softmax(scores) if self._logits else scores

    def run_batch(
        self, features: NDArray[np.float32], progress: Callable[[float], None] = lambda done: None
    ) -> NDArray[np.float32]:
        scores = np.asarray(self._model.predict(features, batch_size=64, verbose=0))
        progress(1.0)
        return check_scores(softmax(scores) if self._logits else scores, self.path)


def _limit_tensorflow(threads: int) -> int:
    """Limit the threads of TensorFlow; give those that it has: it fixes them at its first operation."""
    import tensorflow as tf

    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1
    return threads
