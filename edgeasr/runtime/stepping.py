"""The loop around a step model: some frames in, the state kept, what belongs to the clip out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import Stepping

__all__ = ["Inference", "StepLoop", "cut", "whole_steps"]


@dataclass(frozen=True)
class Inference:
    """One step as a runtime does it, on arrays of its own, quantised or not.

    Attributes:
        enter: makes of features, float32, what goes in.
        infer: takes the frames of a step, [1, hop_frames, ...], and the states; gives the output, with a batch of one,
            and the states that follow.
        leave: makes of the output, without the batch, scores, float32 [..., labels].
        zeros: the states at the start.
        restart: makes it forget the states that it keeps itself.
    """

    enter: Callable[[NDArray[np.float32]], NDArray[Any]]
    infer: Callable[[NDArray[Any], Sequence[NDArray[Any]]], tuple[NDArray[Any], Sequence[NDArray[Any]]]]
    leave: Callable[[NDArray[Any]], NDArray[np.float32]]
    zeros: Sequence[NDArray[Any]]
    restart: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class _Memory:
    """What is left of a stream: the steps it has gone through, and the states after them."""

    steps: int
    states: Sequence[NDArray[Any]]


class StepLoop:
    """Run a step model over a stream or a clip.

    Recurrent layers forget nothing by themselves, and what they have learnt on clips does not hold for a state that is
    minutes old. So a recurrent classifier goes over a stream twice, and starts anew after two clips, the one way when
    the other is a clip old: what it says comes from the one that has heard more, one clip at least and two at most.
    """

    def __init__(self, stepping: Stepping, inference: Inference) -> None:
        """Set up a loop."""
        self._stepping, self._inference = stepping, inference
        # The other layers remember frames, and so have a dimension for them.
        recurrent = any(zeros.ndim == 2 for zeros in inference.zeros)
        self._turns = recurrent and stepping.outputs is None
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._inference.restart()
        self._older = self._younger = _Memory(0, self._inference.zeros)

    def step(self, frames: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Take the next frames of a stream, float32 [1, hop_frames, ...].

        Returns:
            float32 [labels], or [output frames, labels]; None where nothing is known yet.
        """
        entered, clip = self._inference.enter(frames), self._stepping.steps
        given, self._older = self._advance(entered, self._older)
        if self._turns and self._older.steps > clip:
            _, self._younger = self._advance(entered, self._younger)
            if self._younger.steps == clip:
                self._older, self._younger = self._younger, _Memory(0, self._inference.zeros)
        return None if given is None else self._inference.leave(given)

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score a clip, float32 [1, frames, ...], from its start: float32 [labels] or [output frames, labels]."""
        self.reset()
        given = []
        for frames in cut(self._inference.enter(whole_steps(features, self._stepping)), self._stepping):
            outputs, self._older = self._advance(frames, self._older)
            if outputs is not None:
                given.append(outputs)
        if self._stepping.outputs is None:
            return self._inference.leave(given[-1])
        return self._inference.leave(np.concatenate(given)[: self._stepping.outputs])

    def _advance(self, frames: NDArray[Any], memory: _Memory) -> tuple[NDArray[Any] | None, _Memory]:
        """Do a step; give what it says of the clip, without the junk, and what to remember."""
        stepping = self._stepping
        (outputs,), states = self._inference.infer(frames, memory.states)
        pairs = zip(stepping.states, memory.states, states, strict=True)
        kept = [old if memory.steps < state.hold else new for state, old, new in pairs]
        junk = stepping.first - memory.steps * stepping.step_outputs
        after = _Memory(memory.steps + 1, kept)
        if junk >= stepping.step_outputs:
            return None, after
        given: NDArray[Any] = outputs if stepping.outputs is None else outputs[max(junk, 0) :]
        return given, after


def whole_steps(features: NDArray[np.float32], stepping: Stepping) -> NDArray[np.float32]:
    """Bring clips, [clips, frames, ...], to the length that the steps take.

    Frames of zeros follow where these are more, so that all of the clip comes out; what is left of a last step that
    gives nothing more is cut off.
    """
    frames = stepping.steps * stepping.hop_frames
    missing = max(0, frames - features.shape[1])
    zeros = np.zeros((len(features), missing, *features.shape[2:]), np.float32)
    return np.concatenate([features, zeros], axis=1)[:, :frames]


def cut(features: NDArray[Any], stepping: Stepping) -> Iterator[NDArray[Any]]:
    """Cut clips of that length into what each step takes: [clips, hop_frames, ...]."""
    for start in range(0, features.shape[1], stepping.hop_frames):
        yield features[:, start : start + stepping.hop_frames]
