"""The step form: a hop of frames and a state in, the next output and state out."""

from math import lcm
from typing import Any

from edgeasr.card import FEATURES, SCORES, State, Stepping
from edgeasr_export.forms.form import Form
from edgeasr_export.forms.graph import clip_shape, walk
from edgeasr_export.forms.rules import stepped, stride
from edgeasr_export.forms.stream import Buffers, Stream

__all__ = ["step"]


def step(model: Any, frames: int) -> Form:
    """Cut a model to take a hop of frames and what it remembers of those before, and to give the next output.

    Every hop must give at least one frame at each place of the model, so it is the product of the strides over time.
    What the steps give on a clip is what the model gives, once the frames have gone through its buffers; see
    `Stepping`. Of a classifier, each step gives what the model gives for the clip that ends there.

    Args:
        model: a Keras model of one input [frames, bins], whose frames may be open, and one output. It is not changed;
            layers that need not be are shared with it.
        frames: of a clip.

    Raises:
        ExportError: a layer needs what comes later, or mixes time in a way that is not known; the model has several
            inputs or outputs, is no graph, or takes clips of another length.
    """
    import keras

    shape = clip_shape(model, frames)
    hop = _hop_frames(model)
    features = keras.Input((hop, *shape[1:]), name=FEATURES)
    buffers = Buffers()
    scores = walk(model, Stream(features, frames), lambda node, streams: stepped(node, streams, buffers))
    states = tuple(State(name, f"{name}_next", hold) for name, hold in buffers.holds.items())
    return Form(
        keras.Model(
            {FEATURES: features, **buffers.inputs},
            {SCORES: scores.tensor, **{f"{name}_next": tensor for name, tensor in buffers.outputs.items()}},
            name=model.name,
        ),
        Stepping(frames, hop, scores.step_frames, scores.junk, scores.frames, states),
    )


def _hop_frames(model: Any) -> int:
    """Count the frames of a step: as many as give at least one frame at each place of the model."""
    rates = [1]

    def rate(node: Any, given: Any) -> int:
        rates.append(max(given) * stride(node))
        return rates[-1]

    walk(model, 1, rate)
    return lcm(*rates)
