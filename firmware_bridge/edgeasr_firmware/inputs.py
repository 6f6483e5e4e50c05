"""What goes into a model when its firmware is checked: noise, or features of real clips."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Stepping
from edgeasr.errors import FirmwareError
from edgeasr.runtime.reference import affine_of
from edgeasr.runtime.stepping import cut, whole_steps
from edgeasr.tflite import quantisation
from edgeasr.tflite.interpreter import Interpreter
from edgeasr.tflite.model import Model, Tensor

__all__ = ["Inputs", "feature_inputs", "random_inputs", "step_inputs"]

Inputs = Sequence[tuple[NDArray[Any], ...]]  # of each inference, one array an input

_SEED = 0


def random_inputs(tensors: Sequence[Tensor], count: int) -> Inputs:
    """Make random inputs for a model, the same each time."""
    rng = np.random.default_rng(_SEED)
    return [tuple(_random(rng, tensor) for tensor in tensors) for _ in range(count)]


def feature_inputs(tensors: Sequence[Tensor], features: NDArray[np.float32], count: int) -> Inputs:
    """Quantise features for a model; one that takes fewer frames at a time gets them one after the other.

    Args:
        tensors: the model's inputs.
        features: float32 [clips, frames, bins].
        count: the most inferences.

    Raises:
        FirmwareError: the features are none for this model.
    """
    (tensor, *others) = tensors
    bins, wanted = features.shape[-1], int(np.prod(tensor.shape))
    if others or wanted % bins or features[0].size < wanted:
        raise FirmwareError(
            f"expected features that fill the one input {list(tensor.shape)}, got {list(features.shape[1:])} a clip"
        )
    steps = features[0].size // wanted
    hops = features.reshape(len(features), -1)[:, : steps * wanted].reshape(-1, *tensor.shape)[:count]
    affine = affine_of(tensor)
    return [(affine.to_integer(hop),) for hop in hops]


def step_inputs(model: Model, stepping: Stepping, features: NDArray[np.float32], count: int) -> Inputs:
    """Quantise features for a step model, which takes its states as inputs: those that it would have by then.

    Args:
        model: the step model.
        stepping: how it goes over a clip.
        features: float32 [clips, frames, bins].
        count: the most inferences; of every clip equally many, from its start.

    Raises:
        FirmwareError: the features are none for this model.
    """
    interpreter, graph, signature = Interpreter(model), model.subgraphs[0], model.signatures[0]
    states = [
        (graph.inputs.index(signature.inputs[state.input]), graph.outputs.index(signature.outputs[state.output]), state)
        for state in stepping.states
    ]
    (given,) = set(range(len(graph.inputs))) - {place for place, _, _ in states}
    taken, tensors = interpreter.inputs[given], interpreter.inputs
    if taken.shape[1:] != (stepping.hop_frames, *features.shape[2:]):
        raise FirmwareError(f"expected features for an input of {list(taken.shape)}, got {list(features.shape[1:])}")
    zeros = [np.full(tensor.shape, quantisation.zero_point_of(tensor), tensor.dtype) for tensor in tensors]
    steps, each = [], math.ceil(count / len(features))
    for clip in features:
        values = list(zeros)
        hops = cut(affine_of(taken).to_integer(whole_steps(clip[None], stepping)), stepping)
        for number, values[given] in zip(range(each), hops, strict=False):
            steps.append(tuple(values))
            results = interpreter.run(*values)
            for place, result, state in states:
                values[place] = zeros[place] if number < state.hold else results[result]
    return steps[:count]


def _random(rng: np.random.Generator, tensor: Tensor) -> NDArray[Any]:
    if tensor.dtype.kind == "f":
        return rng.standard_normal(tensor.shape, np.float32)
    limits = np.iinfo(tensor.dtype)
    return rng.integers(limits.min, limits.max, tensor.shape, tensor.dtype, endpoint=True)
