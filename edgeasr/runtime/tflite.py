"""TFLite models, in ai-edge-litert or, on older devices, tflite-runtime."""

import importlib.metadata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError, MissingPackageError
from edgeasr.microwakeword import card_of
from edgeasr.quiet import quiet
from edgeasr.runtime.base import Runtime, check_features, main_tensors
from edgeasr.runtime.stepping import Inference, StepLoop
from edgeasr.scores import softmax, with_rest

__all__ = ["TfliteRuntime", "interpreter_package"]

_PACKAGES = {"ai-edge-litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}


class TfliteRuntime(Runtime):
    """A TFLite file of any quantisation: floats go in and come out.

    Integer inputs are `clip(round(x / scale) + zero_point)` and outputs `(q - zero_point) * scale`, with the numbers
    of the model itself (https://ai.google.dev/edge/litert/models/quantization_spec).
    """

    name = "tflite"
    _states: Sequence["_State"] = ()
    _keeps_resources = _used = False

    def __init__(self, path: Path, threads: int = 1) -> None:
        package, self._module = interpreter_package()
        self.path, self.threads = path, threads
        self.version = f"{package} {importlib.metadata.version(package)}"
        _check_is_tflite(path)
        self.card = card_of(path)
        try:
            self._interpreter = self._start()
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ArtefactError(f"{path}: {package} cannot load it ({reason}): export it again") from error
        inputs, outputs = _named(self._interpreter, signature=self.stepping is not None)
        given, scored = main_tensors(inputs, outputs, self.stepping, path)
        self._input, self._output = inputs[given], outputs[scored]
        self._shape = tuple(int(size) for size in self._input["shape"])
        self._quantise = Affine(self._input)
        scores = _Scores(Affine(self._output), self.card is not None and self.card.output == "logits")
        alone = self._is_alone(self._output["shape"])
        self._scores = (lambda tensor: with_rest(scores(tensor))) if alone else scores
        if self.stepping:
            self._shape = (1, self.stepping.frames, *self._shape[2:])
            self._states = [_State(inputs[state.input], outputs[state.output]) for state in self.stepping.states]
            zeros = [state.zeros for state in self._states]
            enter = self._quantise.to_integer
            self._loop = StepLoop(self.stepping, Inference(enter, self._infer, self._scores, zeros, self._forget))
        tensors = self._interpreter.get_tensor_details()
        self._keeps_resources = any(tensor["dtype"] is np.object_ for tensor in tensors)  # streaming state

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self._shape[1:]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        features = check_features(features, self._shape, self.path)
        if self._loop:
            return self._loop.run(features)
        return self._scores(self._call(self._quantise.to_integer(features))[0])

    def own_call(self, features: NDArray[np.float32]) -> Callable[[], object] | None:
        features = check_features(features, self._shape, self.path).copy()
        return None if self._loop else partial(self._call, self._quantise.to_integer(features))

    def reset(self) -> None:
        super().reset()
        self._forget()

    def _forget(self) -> None:
        """Bring the variables of the file to their initial state."""
        if self._used:
            self._used = False
            self._interpreter.reset_all_variables()
            if self._keeps_resources:  # which the call above leaves as they are
                self._interpreter = self._start()

    def _infer(
        self, features: NDArray[Any], states: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[Any], Sequence[NDArray[Any]]]:
        for state, values in zip(self._states, states, strict=True):
            self._interpreter.set_tensor(state.input, values)
        outputs = self._call(features)
        return outputs, [state.carry(self._interpreter.get_tensor(state.output)) for state in self._states]

    def _call(self, features: NDArray[Any]) -> NDArray[Any]:
        self._used = True
        interpreter = self._interpreter
        interpreter.set_tensor(self._input["index"], features)
        interpreter.invoke()
        outputs: NDArray[Any] = interpreter.get_tensor(self._output["index"])
        return outputs

    def _start(self) -> Any:
        """Make an interpreter, in its initial state."""
        with quiet():
            interpreter = self._module.Interpreter(model_path=str(self.path), num_threads=self.threads)
            interpreter.allocate_tensors()
        return interpreter


class Affine:
    """The quantisation of one tensor; passes floats through where the tensor is float."""

    def __init__(self, details: dict[str, Any]) -> None:
        self.dtype = np.dtype(details["dtype"])
        scale, zero_point = details["quantization"]
        # Arrays without dimensions: a scalar would be made into one again in each operation, a fifth of its time.
        self.scale, self.zero_point = np.array(scale or 1, np.float32), np.array(zero_point, np.float32)  # 0: no scale
        if self.dtype.kind in "iu":
            limits = np.iinfo(self.dtype)
            self.low, self.high = np.array(limits.min, np.float32), np.array(limits.max, np.float32)

    def to_integer(self, values: NDArray[np.float32]) -> NDArray[Any]:
        if self.dtype.kind == "f":
            return values.astype(self.dtype, copy=False)
        quantised = values / self.scale
        quantised += self.zero_point
        np.rint(quantised, out=quantised)
        np.maximum(quantised, self.low, out=quantised)
        np.minimum(quantised, self.high, out=quantised)
        return quantised.astype(self.dtype)

    def to_float(self, values: NDArray[Any]) -> NDArray[np.float32]:
        scores = values.astype(np.float32)
        if self.dtype.kind != "f":
            scores -= self.zero_point
            scores *= self.scale
        return scores


class _State:
    """A state of a step model: its tensors, and how the one becomes the other."""

    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.input, self.output = before["index"], after["index"]
        self._before, self._after = Affine(before), Affine(after)
        self.zeros = self._before.to_integer(np.zeros(before["shape"], np.float32))
        self._same = before["dtype"] == after["dtype"] and before["quantization"] == after["quantization"]

    def carry(self, values: NDArray[Any]) -> NDArray[Any]:
        """Make what comes in of what went out."""
        return values if self._same else self._before.to_integer(self._after.to_float(values))


class _Scores:
    """From an output tensor to scores.

    A tensor of 8 bits has 256 values, so what becomes of each, its exponential for a softmax included, is looked up:
    four microseconds less beside an inference of fifty.
    """

    def __init__(self, affine: Affine, logits: bool) -> None:
        self._affine, self._logits = affine, logits
        self._table: NDArray[np.float64] | None = None
        if affine.dtype.itemsize == 1:
            values = affine.to_float(np.arange(256, dtype=np.uint8).view(affine.dtype)).astype(np.float64)
            if not logits:
                self._table = values
            elif np.ptp(values) < 700:  # beyond that exponentials underflow
                self._table = np.exp(values - values.max())

    def __call__(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        if self._table is None:
            scores = self._affine.to_float(tensor)
            return softmax(scores) if self._logits else scores
        found = self._table.take(tensor.view(np.uint8))
        if self._logits:
            found /= np.add.reduce(found, axis=-1, keepdims=True)
        return found.astype(np.float32)


def interpreter_package() -> tuple[str, Any]:
    """Find the installed TFLite interpreter: (name of the package, its module).

    ai-edge-litert is the current one; tflite-runtime its predecessor, for devices that have no wheel of the former.
    They are never installed together (their NumPy versions exclude each other), so there is nothing to choose.

    Raises:
        MissingPackageError: neither is there.
    """
    for package, module in _PACKAGES.items():
        try:
            return package, importlib.import_module(module)
        except ImportError:
            continue
    raise MissingPackageError(
        "TFLite files need ai-edge-litert or tflite-runtime: pip install 'edgeasr[device]', "
        "on devices without a wheel of it 'edgeasr[device-legacy]'"
    )


def _named(interpreter: Any, signature: bool) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Get the details of the inputs and the outputs by their names, those of the signature or of the tensors."""
    if signature and (keys := list(interpreter.get_signature_list())):
        runner = interpreter.get_signature_runner(keys[0])
        return runner.get_input_details(), runner.get_output_details()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    return {details["name"]: details for details in inputs}, {details["name"]: details for details in outputs}


def _check_is_tflite(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror})") from error
    if head[4:] != b"TFL3":
        raise ArtefactError(f"{path}: expected a TFLite file, got one without TFL3 at byte 4: export it again")
