"""TFLite models in NumPy alone: on any platform, in the bits of TensorFlow Lite Micro, slowly."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError
from edgeasr.microwakeword import card_of
from edgeasr.runtime.base import Runtime, check_features, main_tensors
from edgeasr.runtime.stepping import Inference, StepLoop
from edgeasr.runtime.tflite import Affine, _State
from edgeasr.tflite import Interpreter, Model, Tensor, quantisation, read_model

__all__ = ["ReferenceRuntime", "affine_of"]


class ReferenceRuntime(Runtime):
    """A TFLite file as a microcontroller runs it: integers are those of TFLM's reference kernels, to the bit.

    NumPy decides itself how many threads it uses.
    """

    name = "reference"

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path, self.threads = path, threads
        self.version = f"numpy {np.__version__}"
        model = read_model(path)
        self.card = card_of(path)
        try:
            self._interpreter = Interpreter(model)
        except ArtefactError as error:
            raise ArtefactError(f"{path}: {error}") from error
        inputs, outputs = _named(model, self._interpreter, signature=self.stepping is not None)
        given, scored = main_tensors(inputs, outputs, self.stepping, path)
        self._input, self._output = inputs[given], outputs[scored]
        self._shape: tuple[int, ...] = self._input["shape"]
        self._quantise, self._dequantise = Affine(self._input), Affine(self._output)
        states = self.stepping.states if self.stepping else ()
        self._states = [_State(inputs[state.input], outputs[state.output]) for state in states]
        if self.stepping:
            self._shape = (1, self.stepping.frames, *self._shape[2:])
            zeros = [state.zeros for state in self._states]
            enter, restart = self._quantise.to_integer, self._interpreter.reset
            self._loop = StepLoop(self.stepping, Inference(enter, self._infer, self._scores, zeros, restart))

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        if self._loop:
            return self._loop.run(features)
        outputs, _ = self._infer(self._quantise.to_integer(features), ())
        return self._scores(outputs[0])

    def reset(self) -> None:
        super().reset()
        self._interpreter.reset()

    def _infer(
        self, features: NDArray[Any], states: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[Any], Sequence[NDArray[Any]]]:
        places = [self._input["index"], *(state.input for state in self._states)]
        given = dict(zip(places, (features, *states), strict=True))
        try:
            outputs = self._interpreter.run(*(given[place] for place in range(len(given))))
        except ArtefactError as error:
            raise ArtefactError(f"{self.path}: {error}") from error
        return outputs[self._output["index"]], [state.carry(outputs[state.output]) for state in self._states]

    def _scores(self, outputs: NDArray[Any]) -> NDArray[np.float32]:
        return self.scores_of(self._dequantise.to_float(outputs))


def _named(
    model: Model, interpreter: Interpreter, signature: bool
) -> tuple[Mapping[str, dict[str, Any]], Mapping[str, dict[str, Any]]]:
    """Get the details of the inputs and the outputs by their names, those of the signature or of the tensors."""
    found: list[dict[str, dict[str, Any]]] = []
    for side, tensors in (("inputs", interpreter.inputs), ("outputs", interpreter.outputs)):
        details = {tensor.index: _details(place, tensor) for place, tensor in enumerate(tensors)}
        names = {tensor.name: tensor.index for tensor in tensors}
        if signature and model.signatures:
            names = getattr(model.signatures[0], side)
        found.append({name: details[index] for name, index in names.items() if index in details})
    return found[0], found[1]


def affine_of(tensor: Tensor) -> Affine:
    """Give the quantisation of a tensor."""
    return Affine(_details(0, tensor))


def _details(place: int, tensor: Tensor) -> dict[str, Any]:
    """Describe an input or output in the words of LiteRT, in which `Affine` takes it; `index` is its place."""
    scale = 0.0 if tensor.scale is None else float(tensor.scale[0])
    given = scale, quantisation.zero_point_of(tensor)
    return {"index": place, "shape": tensor.shape, "dtype": tensor.dtype, "quantization": given}
