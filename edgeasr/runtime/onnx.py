"""ONNX models in ONNX Runtime, on the CPU."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import METADATA_KEY, Card
from edgeasr.errors import ArtefactError
from edgeasr.packages import require
from edgeasr.runtime.base import Runtime, check_features, main_tensors
from edgeasr.runtime.stepping import Inference, StepLoop
from edgeasr.scores import softmax

__all__ = ["OnnxRuntime"]


class OnnxRuntime(Runtime):
    """An ONNX file with float inputs and outputs; quantised inside by QDQ or not at all."""

    name = "onnxruntime"

    def __init__(self, path: Path, threads: int = 1) -> None:
        onnxruntime = require("onnxruntime", "onnx", "running an ONNX file")
        onnxruntime.set_default_logger_severity(3)
        self.path, self.threads = path, threads
        self.version = f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base class but Exception
            reason = str(error).strip().splitlines()[0]
            raise ArtefactError(
                f"{path}: not an ONNX file that onnxruntime can load ({reason}): export it again"
            ) from error
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        self.card = Card.from_json(text, str(path)) if text else None
        inputs = {value.name: value for value in self._session.get_inputs()}
        outputs = {value.name: value for value in self._session.get_outputs()}
        self._input, output = main_tensors(inputs, outputs, self.stepping, path)
        shapes = {name: tuple(size if isinstance(size, int) else 1 for size in inputs[name].shape) for name in inputs}
        self._shape = shapes[self._input]
        self._logits = self.card is not None and self.card.output == "logits"
        states = self.stepping.states if self.stepping else ()
        self._states, self._outputs = [state.input for state in states], [output, *(state.output for state in states)]
        if self.stepping:
            self._shape = (1, self.stepping.frames, *self._shape[2:])
            zeros = [np.zeros(shapes[name], np.float32) for name in self._states]
            self._loop = StepLoop(self.stepping, Inference(lambda features: features, self._infer, self._scores, zeros))

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        if self._loop:
            return self._loop.run(features)
        (outputs,) = self._call({self._input: features})
        return self._scores(outputs[0])

    def own_call(self, features: NDArray[np.float32]) -> Callable[[], object] | None:
        features = check_features(features, self._shape, self.path).copy()
        return None if self._loop else partial(self._call, {self._input: features})

    def _infer(
        self, features: NDArray[Any], states: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[Any], Sequence[NDArray[Any]]]:
        outputs, *following = self._call({self._input: features, **dict(zip(self._states, states, strict=True))})
        return outputs, following

    def _call(self, feed: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        outputs: list[NDArray[Any]] = self._session.run(self._outputs, feed)
        return outputs

    def _scores(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return softmax(outputs) if self._logits else outputs
