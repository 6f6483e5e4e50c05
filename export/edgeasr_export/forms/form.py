"""A form: a Keras model with named inputs and outputs, ready to be converted, and what to feed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import FEATURES, Stepping
from edgeasr.runtime.stepping import cut, whole_steps
from edgeasr_export.trace import Feed

__all__ = ["Form"]

_MOST_FEEDS = 4096  # of a step model: enough for ranges, and traced in seconds


@dataclass(frozen=True)
class Form:
    """A Keras model as it goes to the converters.

    Attributes:
        model: takes a dict with `features`, and the states of a step model by name; gives a dict with `scores`, and the
            states that follow.
        stepping: how a step model is run over a clip; None for a model of whole clips.
    """

    model: Any
    stepping: Stepping | None = None

    @property
    def fine(self) -> tuple[str, ...]:
        """Names of the layers, inputs and outputs that need more than 8 bits (see `cells.lower`)."""
        states = (state.output for state in self.stepping.states) if self.stepping else ()
        return tuple(name for name in (*(layer.name for layer in self.model.layers), *states) if "_carry" in name)

    @property
    def same(self) -> tuple[tuple[str, ...], ...]:
        """Names of inputs, outputs and layers whose values are the same, a step apart, and so must have one range."""
        if self.stepping is None:
            return ()
        layers = {layer.name for layer in self.model.layers}
        return tuple(
            (state.input, state.output, *({f"{state.input}_joined"} & layers)) for state in self.stepping.states
        )

    def feeds(self, features: NDArray[np.float32]) -> Iterator[Feed]:
        """Give what the model is fed with on real features, one inference at a time.

        Those of a step model hold the states that come up in real sequences, found by running it. Where these are very
        many steps, an even choice is given.

        Args:
            features: float32 [clips, frames, bins].
        """
        if self.stepping is None:
            yield from ({FEATURES: clip[None]} for clip in features)
            return
        every = -(-len(features) * self.stepping.steps // _MOST_FEEDS)
        number = 0
        for feed in self._sequences(features, self.stepping):
            for clip in range(len(features)):
                if number % every == (number // every) % every:  # at another place of the clip each time
                    yield {name: array[clip : clip + 1] for name, array in feed.items()}
                number += 1

    def _sequences(self, features: NDArray[np.float32], stepping: Stepping) -> Iterator[Feed]:
        """Run all clips beside each other; give what each step takes, by name: float32 [clips, ...]."""
        shapes = {tensor.name: tensor.shape[1:] for tensor in self.model.inputs}
        states = {state.input: np.zeros((len(features), *shapes[state.input]), np.float32) for state in stepping.states}
        for number, frames in enumerate(cut(whole_steps(features, stepping), stepping)):
            feed = {FEATURES: frames.reshape(len(features), *shapes[FEATURES]), **states}
            yield feed
            given = self.model.predict_on_batch(feed)
            states = {
                state.input: np.asarray(given[state.output]) if number >= state.hold else states[state.input]
                for state in stepping.states
            }
