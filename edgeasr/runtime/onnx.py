"""ONNX models in ONNX Runtime, on the CPU."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import METADATA_KEY, Card
from edgeasr.errors import ArtefactError
from edgeasr.packages import require
from edgeasr.runtime.base import Runtime, check_features
from edgeasr.scores import softmax

__all__ = ["OnnxRuntime"]


class OnnxRuntime(Runtime):
    """An ONNX file with one float input and one float output; quantised inside by QDQ or not at all."""

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
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ArtefactError(f"{path}: expected one input and one output, got {len(inputs)} and {len(outputs)}")
        self._shape = tuple(size if isinstance(size, int) else 1 for size in inputs[0].shape)
        self._input, self._outputs = inputs[0].name, [outputs[0].name]
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        self.card = Card.from_json(text, str(path)) if text else None
        self._logits = self.card is not None and self.card.output == "logits"

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        scores: NDArray[np.float32] = self._session.run(self._outputs, {self._input: features})[0][0]
        return softmax(scores) if self._logits else scores
