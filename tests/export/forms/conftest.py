"""Small models for the forms, and a step model run over clips by Keras itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgeasr.runtime.stepping import Inference, StepLoop
from edgeasr_export.forms import Form


@pytest.fixture(scope="session")
def run_steps() -> Callable[[Form, np.ndarray], np.ndarray]:
    """Give a function that runs a step model over clips, float32 [clips, frames, bins], each from its start."""

    def run(form: Form, clips: np.ndarray) -> np.ndarray:
        loop = step_loop(form)
        return np.stack([loop.run(clip[None]) for clip in clips])

    return run


def step_loop(form: Form) -> StepLoop:
    stepping = form.stepping
    assert stepping is not None
    shapes = {tensor.name: tensor.shape[1:] for tensor in form.model.inputs}

    def infer(frames: Any, states: Any) -> Any:
        names = (state.input for state in stepping.states)
        given = form.model(
            {"features": frames.reshape(1, *shapes["features"]), **dict(zip(names, states, strict=True))}
        )
        return np.asarray(given["scores"]), [np.asarray(given[state.output]) for state in stepping.states]

    zeros = [np.zeros((1, *shapes[state.input]), np.float32) for state in stepping.states]
    return StepLoop(stepping, Inference(lambda features: features, infer, lambda scores: scores, zeros))


@pytest.fixture(scope="session")
def make_loop() -> Callable[[Form], StepLoop]:
    """Give a function that makes the loop around a step model."""
    return step_loop


@pytest.fixture(scope="session")
def clips() -> Callable[..., np.ndarray]:
    """Give a function that draws random clips of a shape: float32 [count, *shape]."""

    def draw(*shape: int, count: int = 2) -> np.ndarray:
        return np.random.default_rng(0).standard_normal((count, *shape)).astype(np.float32)

    return draw


@pytest.fixture(scope="session")
def shaken() -> Callable[[Any], Any]:
    """Give a function that sets all weights of a model to random values, zeros and ones too."""

    def shake(model: Any) -> Any:
        rng = np.random.default_rng(1)
        for weight in model.weights:
            if "kernel" not in weight.path:
                weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        return model

    return shake
