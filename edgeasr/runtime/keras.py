"""The float original: a bundle's Keras model, on whatever backend Keras has."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError
from edgeasr.packages import import_keras
from edgeasr.quiet import quiet
from edgeasr.runtime.base import Runtime, check_features, softmax

__all__ = ["KerasRuntime"]


class KerasRuntime(Runtime):
    """A bundle's `model.keras`, compiled by its backend, one clip at a time."""

    name = "keras"

    def __init__(self, path: Path, threads: int = 1) -> None:
        bundle = Bundle.open(path)
        keras = import_keras("running the Keras original")
        self.path, self.threads = path, threads
        self.card = bundle.card("float32")
        try:
            with quiet():
                self._model = keras.saving.load_model(bundle.model_path, compile=False)
        except (
            OSError,
            TypeError,
            ValueError,
        ) as error:  # made by another Keras, or with layers of somebody's own
            reason = str(error).strip().partition("\n")[0]
            raise BundleError(
                f"{bundle.model_path}: Keras {keras.__version__} cannot load it ({reason}): "
                "install the Keras that made it, or train again"
            ) from error
        backend = keras.backend.backend()
        if backend == "tensorflow":
            _limit_tensorflow(threads)
        self.version = f"keras {keras.__version__} ({backend})"
        self._shape = (1, *self.card.frontend.shape)
        self._logits = self.card.output == "logits"

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        scores = np.asarray(self._model.predict_on_batch(features))[0]
        return softmax(scores) if self._logits else scores

    def run_batch(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score many clips at once: float32 [clips, frames, bins] to [clips, labels]."""
        scores = np.asarray(self._model.predict(features, batch_size=64, verbose=0))
        return softmax(scores) if self._logits else scores


def _limit_tensorflow(threads: int) -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # TensorFlow fixes its threads at its first operation; a second model keeps the first's
        pass
