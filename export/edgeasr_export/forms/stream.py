"""Streams: tensors of a step model, how their frames follow those of the clip, and the state between steps."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Buffers", "Stream"]


@dataclass(frozen=True)
class Stream:
    """What a tensor of the clip model becomes in the step model.

    Its frames of all steps, one after the other, are first `junk`, made from the zeros in the buffers, and then those
    of the clip.

    Attributes:
        tensor: Keras tensor [batch, frames of a step, ...], or [batch, ...] where the clip's has no time any more.
        frames: of the clip; None where it has no time: then the tensor of a step is that of the clip that ends there.
        junk: frames, without time steps, before the first of the clip.
    """

    tensor: Any
    frames: int | None
    junk: int = 0

    @property
    def step_frames(self) -> int:
        """Frames of each step."""
        return 1 if self.frames is None else int(self.tensor.shape[1])

    @property
    def last(self) -> tuple[int, int]:
        """Step in which the last frame of the clip comes, and its place there."""
        return divmod(self.junk + (self.frames or 1) - 1, self.step_frames)

    def becomes(self, tensor: Any) -> "Stream":
        """Make a stream of the same timing."""
        return replace(self, tensor=tensor)


class Buffers:
    """The state of a step model while it is built.

    Attributes:
        inputs: Keras tensors by name, what comes in.
        outputs: what goes out and comes in with the next step, by the same names.
        holds: for how many steps at the start a state stays as it is, by the same names.
    """

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.holds: dict[str, int] = {}
        self._joined: dict[tuple[int, int, int], Any] = {}
        self._made: dict[int, Any] = {}

    def once(self, layer: Any, make: Callable[[], Any]) -> Any:
        """Make something of a layer once, however often the model uses it: the names of its parts are given once."""
        if id(layer) not in self._made:
            self._made[id(layer)] = make()
        return self._made[id(layer)]

    def add(self, name: str, shape: tuple[int, ...], hold: int = 0) -> str:
        """Add a state, whose output is still to be set; give its name, with a number where it is taken."""
        import keras

        number, unique = 1, name
        while unique in self.inputs:
            number += 1
            unique = f"{name}_{number}"
        self.inputs[unique] = keras.Input(shape, name=unique)
        self.holds[unique] = hold
        return unique

    def joined(self, stream: Stream, frames: int, name: str, hold: int = 0) -> Any:
        """Put so many of the last frames before those of this step: [batch, frames + frames of a step, ...].

        Layers that look back equally far on the same tensor share the buffer.
        """
        from keras import layers

        if frames == 0:
            return stream.tensor
        key = (id(stream.tensor), frames, hold)
        if key not in self._joined:
            state = self.add(f"{name}_past", (frames, *stream.tensor.shape[2:]), hold)
            joined = layers.Concatenate(axis=1, name=f"{state}_joined")([self.inputs[state], stream.tensor])
            self.outputs[state] = joined[:, stream.step_frames :]
            self._joined[key] = joined
        return self._joined[key]

    def delayed(self, stream: Stream, by: int, name: str) -> Stream:
        """Delay a stream by so many frames, or steps where it has no time."""
        from keras import layers

        if by == 0:
            return stream
        shape = stream.tensor.shape[1:]
        if stream.frames is None:
            stream = stream.becomes(layers.Reshape((1, *shape))(stream.tensor))
        tensor = self.joined(stream, by, name)[:, : stream.step_frames]
        if stream.frames is None:
            tensor = layers.Reshape(shape)(tensor)
        return replace(stream, tensor=tensor, junk=stream.junk + by)

    def settled(self, stream: Stream, name: str) -> tuple[Stream, int]:
        """Delay a stream until its junk fills whole steps; give it and the number of these steps."""
        stream = self.delayed(stream, -stream.junk % stream.step_frames, name)
        return stream, stream.junk // stream.step_frames
