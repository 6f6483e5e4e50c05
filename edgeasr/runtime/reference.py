"""TFLite models in NumPy alone: on any platform, in the bits of TensorFlow Lite Micro, slowly."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import read_from_tflite
from edgeasr.errors import ArtefactError
from edgeasr.runtime.base import Runtime, check_features
from edgeasr.runtime.tflite import Affine
from edgeasr.scores import softmax
from edgeasr.tflite import Interpreter, Tensor, read_model

__all__ = ["ReferenceRuntime"]


class ReferenceRuntime(Runtime):
    """A TFLite file as a microcontroller runs it: integers are those of TFLM's reference kernels, to the bit.

    NumPy decides itself how many threads it uses.
    """

    name = "reference"

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path, self.threads = path, threads
        self.version = f"numpy {np.__version__}"
        model = read_model(path)
        self.card = read_from_tflite(path)
        try:
            self._interpreter = Interpreter(model)
        except ArtefactError as error:
            raise ArtefactError(f"{path}: {error}") from error
        inputs, outputs = self._interpreter.inputs, self._interpreter.outputs
        if len(inputs) != 1 or len(outputs) != 1:
            raise ArtefactError(f"{path}: expected one input and one output, got {len(inputs)} and {len(outputs)}")
        self._shape = inputs[0].shape
        self._quantise, self._dequantise = _affine(inputs[0]), _affine(outputs[0])
        self._logits = self.card is not None and self.card.output == "logits"

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        try:
            (output,) = self._interpreter.run(self._quantise.to_integer(features))
        except ArtefactError as error:
            raise ArtefactError(f"{self.path}: {error}") from error
        scores = self._dequantise.to_float(output[0])
        return softmax(scores) if self._logits else scores

    def reset(self) -> None:
        self._interpreter.reset()


def _affine(tensor: Tensor) -> Affine:
    scale = 0.0 if tensor.scale is None else tensor.scale[0]
    zero_point = 0 if tensor.zero_point is None else tensor.zero_point[0]
    return Affine({"dtype": tensor.dtype, "quantization": (scale, zero_point)})
