"""What every runtime offers, and `load`, which picks one by the file."""

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import FEATURES, SCORES, Card, CtcOutput, Stepping
from edgeasr.errors import ArtefactError, ConfigError
from edgeasr.features.config import FrontendConfig
from edgeasr.microwakeword import model_of
from edgeasr.registry import resolve
from edgeasr.runtime.stepping import StepLoop
from edgeasr.scores import softmax, with_rest

__all__ = ["RUNTIMES", "Runtime", "load", "runtimes_of"]

RUNTIMES: Mapping[str, str] = {
    "keras": "edgeasr.runtime.keras:KerasRuntime",
    "tflite": "edgeasr.runtime.tflite:TfliteRuntime",
    "onnxruntime": "edgeasr.runtime.onnx:OnnxRuntime",
    "reference": "edgeasr.runtime.reference:ReferenceRuntime",
}

# The first is the one that files belong to; the others run them where they are asked for.
_BY_SUFFIX = {".tflite": ("tflite", "reference"), ".onnx": ("onnxruntime",), ".ort": ("onnxruntime",)}


class Runtime(Protocol):
    """A loaded model.

    Attributes:
        path: the file or bundle.
        name: key of `RUNTIMES`.
        version: package and version that runs it, such as "ai-edge-litert 2.3.0".
        threads: threads it was given.
        card: what the artefact says about itself; None for a file that edgeasr did not write.
    """

    path: Path
    name: str
    version: str
    threads: int
    card: Card | None
    _loop: StepLoop | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the outputs, in order; empty where the artefact carries none."""
        return self.card.labels if self.card else ()

    @property
    def frontend(self) -> FrontendConfig | None:
        """The front end the model expects; None where the artefact carries none."""
        return self.card.frontend if self.card else None

    @property
    def ctc(self) -> CtcOutput | None:
        """How the output frames of a CTC model follow its input; None for a classifier."""
        return self.card.ctc if self.card else None

    @property
    def stepping(self) -> Stepping | None:
        """How a step model goes over a stream; None for a model of whole clips."""
        return self.card.stepping if self.card else None

    @property
    def scheme(self) -> str:
        """The quantisation scheme."""
        return self.card.scheme if self.card else "unknown"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input without the batch: (frames, bins)."""
        ...

    def _is_alone(self, shape: Sequence[int]) -> bool:
        """Tell whether an output of this shape is the probability of the first label, and the second has the rest."""
        return len(self.labels) == 2 and shape[-1] == 1

    def scores_of(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make scores, float32 [..., labels], of what the file gives, wherever it ran: float32 [..., outputs]."""
        if self._is_alone(outputs.shape):
            return with_rest(outputs)
        return softmax(outputs) if self.card is not None and self.card.output == "logits" else outputs

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score one clip: float32 features [frames, bins] to float32 scores [labels].

        Those of a CTC model are [output frames, labels].
        """
        ...

    def run_batch(
        self, features: NDArray[np.float32], progress: Callable[[float], None] = lambda done: None
    ) -> NDArray[np.float32]:
        """Score clips, each from a fresh state, one by one as a device does.

        Args:
            features: float32 [clips, frames, bins].
            progress: called with the share that is done.

        Returns:
            float32 [clips, labels], or [clips, output frames, labels].

        Raises:
            ArtefactError: a score is not a finite number.
        """
        scores = []
        for done, clip in enumerate(features, start=1):
            self.reset()
            scores.append(self.run(clip))
            progress(done / len(features))
        return check_scores(np.stack(scores), self.path)

    def own_call(self, features: NDArray[np.float32]) -> Callable[[], object] | None:
        """Give the call that the tools of the runtime's makers time: input set, inference, output taken.

        What `run` adds to it is the way from features to that input, and from the output to scores.

        Args:
            features: float32 [frames, bins], which it is made on each time.

        Returns:
            None where a clip is not one call: of a step model, and of the runtimes that are edgeasr's own or Keras.
        """
        return None

    def step(self, frames: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Take the next frames of a stream, with a step model.

        `run` starts a stream of its own, and ends what was here before.

        Args:
            frames: float32 [stepping.hop_frames, bins].

        Returns:
            float32 [labels], for the clip that ends here, or [output frames, labels]; None where the stream is too
            short yet.

        Raises:
            ArtefactError: the model takes whole clips.
        """
        if self._loop is None or self.stepping is None:
            raise ArtefactError(
                f"{self.path}: takes whole clips, not the frames of a stream: export it with --streaming"
            )
        shape = (1, self.stepping.hop_frames, *self.input_shape[1:])
        return self._loop.step(check_features(frames, shape, self.path))

    def reset(self) -> None:
        """Forget the state of a streaming model; nothing to do for the others."""
        if self._loop:
            self._loop.reset()


def load(path: str | Path, runtime: str | None = None, threads: int = 1) -> Runtime:
    """Load a bundle or an artefact.

    Args:
        path: a bundle folder, a `.tflite` or an `.onnx` file, or the `.json` manifest of a microWakeWord model.
        runtime: a key of `RUNTIMES`; by default the one that belongs to the kind of file.
        threads: threads for the inference.

    Raises:
        ArtefactError: the file is missing, damaged, or not of a kind that the runtime reads.
        ConfigError: there is no such runtime, or the number of threads is out of range.
        MissingPackageError: the runtime is not installed.

    Example:
        >>> model = load("digits/ds-cnn.int8.tflite")  # doctest: +SKIP
        >>> model.run(features)  # doctest: +SKIP
    """
    path = model_of(Path(path))
    most = max(64, os.cpu_count() or 1)  # a runtime starts as many as it is told, until the machine stands still
    if not 1 <= threads <= most:
        raise ConfigError(f"expected 1 to {most} threads, got {threads}")
    able = runtimes_of(path)
    make = resolve(RUNTIMES, runtime or able[0], "runtime")
    if runtime not in (None, *able):
        raise ConfigError(f"{path} is run by {able[0]}, not by {runtime}: leave the runtime out")
    loaded: Runtime = make(path, threads)
    return loaded


def runtimes_of(path: Path) -> tuple[str, ...]:
    """Name the runtimes that run a file, by what it is; the first is the one that it belongs to.

    Raises:
        ArtefactError: there is no such file, or it is of no known kind.
    """
    if path.is_dir():
        return ("keras",)
    if not path.exists():
        raise ArtefactError(f"{path}: no such file: expected a bundle folder, a .tflite or an .onnx file")
    if path.suffix not in _BY_SUFFIX:
        raise ArtefactError(f"{path}: expected a bundle folder, a .tflite or an .onnx file")
    return _BY_SUFFIX[path.suffix]


def main_tensors(
    inputs: Collection[str], outputs: Collection[str], stepping: Stepping | None, path: Path
) -> tuple[str, str]:
    """Find the input and the output among the tensors of a file by their names.

    Raises:
        ArtefactError: there are others beside the states of a step model, or these are not there.
    """
    if stepping is None or not stepping.states:  # or it keeps them inside
        if len(inputs) != 1 or len(outputs) != 1:
            raise ArtefactError(f"{path}: expected one input and one output, got {len(inputs)} and {len(outputs)}")
        return next(iter(inputs)), next(iter(outputs))
    expected = (
        {FEATURES, *(state.input for state in stepping.states)},
        {SCORES, *(state.output for state in stepping.states)},
    )
    if expected != (set(inputs), set(outputs)):
        other = (expected[0] ^ set(inputs)) | (expected[1] ^ set(outputs))
        raise ArtefactError(f"{path}: its states are not those it says it has ({min(other)}): export it again")
    return FEATURES, SCORES


def check_features(features: NDArray[np.float32], shape: tuple[int, ...], path: Path) -> NDArray[np.float32]:
    """Make of features a model's input: float32, in its shape, which may have dimensions of one more or be flat.

    Raises:
        ArtefactError: they have another shape, or hold NaN: integers have none, and argmax would take it for the best
            score.
    """
    features = np.asarray(features, np.float32)
    flat = features.reshape(-1)
    if math.isnan(flat.dot(flat)):  # is NaN if one of them is, and costs less than to look at each
        raise ArtefactError(f"{path.name} expects numbers as features, got NaN: check the audio they were made from")
    if features.shape == shape[1:]:
        return features[None]
    wanted = tuple(size for size in shape if size != 1)
    if tuple(size for size in features.shape if size != 1) != wanted and wanted != flat.shape:
        raise ArtefactError(
            f"{path.name} expects features of shape {shape[1:]}, got {features.shape}: use the front end it carries"
        )
    return features.reshape(shape)


def check_scores(scores: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
    """Pass scores on.

    Raises:
        ArtefactError: one is not a finite number.
    """
    if not np.isfinite(scores).all():
        raise ArtefactError(f"{path}: gives scores that are not finite (NaN or infinite): export or train it again")
    return scores
