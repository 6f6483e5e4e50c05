"""What a file and its float original are both fed with: whole clips, or steps with the states of the original."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import FEATURES
from edgeasr.runtime import Runtime
from edgeasr.runtime.stepping import cut, whole_steps
from edgeasr.tflite.model import read_model
from edgeasr_export.trace import Activations, Feed

__all__ = ["Feeding"]


class Feeding:
    """Clips on their way through two files of the same form, side by side.

    Args:
        original: the float file.
    """

    def __init__(self, original: Runtime) -> None:
        self._original = original
        self._stepping = original.stepping
        self._step = 0
        self._states: dict[str, NDArray[np.float32]] = {}  # by name of the input
        if self._stepping:
            shapes, self._outputs = _ends(original.path)
            self._zeros = {one.input: np.zeros(shapes[one.input], np.float32) for one in self._stepping.states}

    def feeds(self, features: NDArray[np.float32]) -> Iterator[Feed]:
        """Give each inference's feed; of steps those that follow come once `follow` was told of the one before.

        Args:
            features: float32 [clips, frames, bins].
        """
        for clip in features:
            if self._stepping is None:
                yield {FEATURES: clip.reshape(1, *self._original.input_shape)}
                continue
            self._step, self._states = 0, self._zeros
            shaped = clip.reshape(1, *self._original.input_shape)
            for frames in cut(whole_steps(shaped, self._stepping), self._stepping):
                yield {FEATURES: frames, **self._states}

    def follow(self, activations: Activations) -> None:
        """Take the states that the original's activations of a step end with."""
        states = self._stepping.states if self._stepping else ()
        following = {
            state.input: activations[self._outputs[state.output]] for state in states if self._step >= state.hold
        }
        self._states = {**self._states, **following}
        self._step += 1


def _ends(path: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Give the shapes of the inputs of a step file, and the tensors of its outputs, by the names in its signature."""
    if path.suffix == ".tflite":
        model = read_model(path)
        tensors, signature = model.subgraphs[0].tensors, model.signatures[0]
        shapes: dict[str, Any] = {name: tensors[index].shape for name, index in signature.inputs.items()}
        return shapes, {name: tensors[index].name for name, index in signature.outputs.items()}
    import onnx

    graph = onnx.load(path).graph
    shapes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim] for value in graph.input}
    return shapes, {value.name: value.name for value in graph.output}
