"""Inputs that a firmware is checked on."""

import numpy as np
import pytest

from edgeasr.card import State, Stepping
from edgeasr.errors import FirmwareError
from edgeasr.tflite import Model, Tensor, read_model
from edgeasr_firmware.inputs import feature_inputs, random_inputs, step_inputs
from tests.tflite.builder import Step, Value, write

FEATURES = np.linspace(-1, 1, 3 * 6 * 2, dtype=np.float32).reshape(3, 6, 2)


def tensor(*shape: int) -> Tensor:
    return Tensor(0, "t", shape, "INT8", np.dtype("i1"), np.float32([0.1]), np.int64([5]), 0, None, False)


@pytest.fixture(scope="module")
def adder() -> Model:
    """Give a step model that adds up its frames: the sum is its state and what it says."""
    frames, past, after, said = (
        Value((1, 1, 2), "INT8", 0.1, 5, name=name) for name in ("features", "past", "next", "scores")
    )
    steps = [Step("ADD", [frames, past], [after], {}), Step("ADD", [frames, past], [said], {})]
    return read_model(write((steps, [past, frames], [said, after]), signed=True))


def stepping(hold: int = 0) -> Stepping:
    return Stepping(6, 1, 1, 5, None, (State("past", "next", hold),))


def test_step_inputs_carry_the_state_of_each_clip(adder: Model) -> None:
    steps = step_inputs(adder, stepping(), FEATURES, 18)
    assert len(steps) == 18
    frames = np.rint(FEATURES / np.float32(0.1)).reshape(3, 6, 2)
    for number, (past, given) in enumerate(steps):
        clip, frame = divmod(number, 6)
        np.testing.assert_array_equal(given.reshape(2) - 5, frames[clip, frame])
        np.testing.assert_array_equal(past.reshape(2) - 5.0, frames[clip, :frame].sum(0))


def test_step_inputs_hold_a_state_that_got_nothing_yet(adder: Model) -> None:
    steps = step_inputs(adder, stepping(hold=2), FEATURES, 18)
    assert [int((past != 5).any()) for past, _ in steps[:6]] == [0, 0, 0, 1, 1, 1]


def test_step_inputs_are_the_first_steps_of_every_clip(adder: Model) -> None:
    every, some = (step_inputs(adder, stepping(), FEATURES, count) for count in (18, 7))
    wanted = [every[clip * 6 + frame] for clip in range(3) for frame in range(3)][:7]
    np.testing.assert_array_equal([given for _, given in some], [given for _, given in wanted])


def test_step_inputs_of_other_features_are_refused(adder: Model) -> None:
    with pytest.raises(FirmwareError, match=r"expected features for an input of \[1, 1, 2\], got \[6, 3\]"):
        step_inputs(adder, stepping(), np.zeros((1, 6, 3), np.float32), 2)


def test_feature_inputs_cut_clips_into_what_the_model_takes() -> None:
    steps = feature_inputs([tensor(1, 2, 2)], FEATURES, 100)
    assert len(steps) == 9
    np.testing.assert_array_equal(steps[1][0].reshape(2, 2), np.rint(FEATURES[0, 2:4] / np.float32(0.1)) + 5)


def test_feature_inputs_of_another_model_are_refused() -> None:
    for tensors in ([tensor(1, 7, 2)], [tensor(1, 3)], [tensor(1, 2), tensor(1, 2)]):
        with pytest.raises(FirmwareError, match="expected features that fill"):
            feature_inputs(tensors, FEATURES, 2)


def test_random_inputs_are_the_same_each_time() -> None:
    first, second = (random_inputs([tensor(4, 50)], 3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert {-128, 127} <= set(np.unique(first).tolist())
