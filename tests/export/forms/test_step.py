"""A step model gives, step by step, what the clip model gives; what cannot do so is refused by name."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from edgeasr.errors import ExportError
from edgeasr.models.spec import build
from edgeasr_export import forms
from edgeasr_export.forms import form as form_module

ZOO = {  # all that look back only, on features as small as they take
    "ctc-gru": (12, 10),
    "ctc-gru-dense": (8, 10),
    "ctc-cnn-rnn": (25, 10),
    "ctc-deep-rnn": (8, 10),
    "fsdd-cnn": (56, 56),
    "fsdd-lstm": (10, 8),
    "voicemnist-mlp": (9, 8),
    "voicemnist-cnn1": (13, 13),
    "voicemnist-cnn2": (15, 15),
    "voicemnist-cnn": (16, 16),
    "voicemnist-large": (20, 20),
    "attention-cnn-plain": (15, 12),
    "ctc-wavenet-small": (6, 10),
    "ctc-wavenet": (6, 10),
}


def assert_same(got: np.ndarray, expected: np.ndarray) -> None:
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if "wavenet" in name else ()) for name in ZOO]
)
def test_step_of_the_zoo_gives_what_the_clip_gives(name: str, run_steps: Any, clips: Any, shaken: Any) -> None:
    shape = ZOO[name]
    model = shaken(build(name, shape, 5))
    features = clips(*shape)
    assert_same(run_steps(forms.step(model, shape[0]), features), np.asarray(model(features)))


LAYERS = st.tuples(
    st.sampled_from(["conv", "separable", "max", "mean", "rnn", "branch", "pad"]),
    st.integers(1, 4),  # kernel
    st.integers(1, 3),  # stride
    st.integers(1, 2),  # dilation
    st.sampled_from(["valid", "causal"]),
)


def network(plan: list[tuple[str, int, int, int, str]], end: str) -> Any:
    """Build a stack of layers over time, with branches of another delay that join again."""
    x = inputs = keras.Input((None, 3))
    for kind, kernel, stride, dilation, padding in plan:
        if kind == "conv":
            strides = stride if dilation == 1 else 1
            x = layers.Conv1D(3, kernel, strides, padding, dilation_rate=dilation, activation="tanh")(x)
        elif kind == "separable":
            x = layers.SeparableConv1D(3, kernel, stride)(x)
        elif kind in ("max", "mean"):
            x = (layers.MaxPooling1D if kind == "max" else layers.AveragePooling1D)(kernel, stride)(x)
        elif kind == "rnn":
            x = layers.SimpleRNN(3, return_sequences=True)(x)
        elif kind == "branch":
            x = layers.Concatenate()([layers.Conv1D(2, kernel)(x), layers.Cropping1D((kernel - 1, 0))(x)])
        else:
            x = layers.ZeroPadding1D((kernel, 0))(x)
    if end == "mean":
        x = layers.GlobalAveragePooling1D()(x)
    elif end == "gru":
        x = layers.GRU(2)(x)
    return keras.Model(inputs, x)


@settings(deadline=None, max_examples=8)
@given(st.lists(LAYERS, min_size=1, max_size=3), st.sampled_from(["frames", "mean", "gru"]), st.integers(36, 41))
def test_step_of_any_network_gives_what_the_clip_gives(
    run_steps: Any, clips: Any, plan: list[tuple[str, int, int, int, str]], end: str, frames: int
) -> None:
    model, features = network(plan, end), clips(frames, 3, count=1)
    assert_same(run_steps(forms.step(model, frames), features), np.asarray(model(features)))


def test_step_goes_on_with_a_window_that_slides(make_loop: Any, clips: Any) -> None:
    inputs = keras.Input((12, 4))
    x = layers.MaxPooling2D((2, 1))(layers.Conv2D(3, (3, 3))(layers.Reshape((12, 4, 1))(inputs)))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    form, (stream,) = forms.step(model, 12), clips(30, 4, count=1)
    assert form.stepping is not None
    assert form.stepping.hop_frames == 2
    loop = make_loop(form)
    given = [loop.step(stream[None, start : start + 2]) for start in range(0, 30, 2)]
    assert [scores is None for scores in given] == [True] * 5 + [False] * 10
    windows = np.stack([stream[end - 12 : end] for end in range(12, 31, 2)])
    assert_same(np.stack(given[5:]), np.asarray(model(windows)))


def test_step_of_branches_that_end_in_a_vector(run_steps: Any, clips: Any) -> None:
    inputs = keras.Input((9, 3))
    early, late = layers.LSTM(2)(layers.Cropping1D((0, 4))(inputs)), layers.GlobalMaxPooling1D()(inputs)
    model, features = keras.Model(inputs, layers.Concatenate()([early, late])), clips(9, 3)
    assert_same(run_steps(forms.step(model, 9), features), np.asarray(model(features)))


def test_step_of_a_model_within_a_model(run_steps: Any, clips: Any) -> None:
    inner = keras.Sequential([keras.Input((None, 3)), layers.Conv1D(4, 3, padding="causal"), layers.GRU(2)])
    inputs = keras.Input((None, 3))
    model, features = keras.Model(inputs, layers.Dense(2)(inner(inputs))), clips(7, 3)
    assert_same(run_steps(forms.step(model, 7), features), np.asarray(model(features)))


def test_step_shares_the_frames_that_two_layers_look_back_on() -> None:
    inputs = keras.Input((None, 3))
    branches = [layers.Conv1D(3, 3, padding="causal", activation=name)(inputs) for name in ("tanh", "sigmoid")]
    form = forms.step(keras.Model(inputs, layers.Multiply()(branches)), 9)
    assert form.stepping is not None
    assert len(form.stepping.states) == 1


def test_step_of_layers_that_are_used_twice(run_steps: Any, clips: Any) -> None:
    convolution, memory = layers.Conv1D(3, 3, padding="causal"), layers.GRU(3, return_sequences=True)
    inputs = keras.Input((None, 3))
    model, features = keras.Model(inputs, memory(convolution(memory(convolution(inputs))))), clips(7, 3)
    assert_same(run_steps(forms.step(model, 7), features), np.asarray(model(features)))


def test_step_leaves_the_model_as_it_was(clips: Any) -> None:
    model = keras.Sequential([keras.Input((9, 3)), layers.Conv1D(4, 3), layers.GRU(2)])
    features = clips(9, 3)
    before, names = np.asarray(model(features)), [layer.name for layer in model.layers]
    forms.step(model, 9)
    assert [layer.name for layer in model.layers] == names
    np.testing.assert_array_equal(np.asarray(model(features)), before)


def attention(x: Any) -> Any:
    return layers.Attention(name="all")([x, x])


def gated_by_the_mean(x: Any) -> Any:
    mean = layers.Reshape((1, 3))(layers.GlobalAveragePooling1D()(x))
    return layers.Multiply(name="gate")([x, mean])


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "same": (
        layers.Conv1D(2, 3, padding="same", name="soft"),
        r"'soft' \(Conv1D\) .*pads the end .*'causal' or 'valid'",
    ),
    "pool": (layers.MaxPooling1D(2, padding="same", name="soft"), r"'soft' \(MaxPooling1D\) .*pads the end"),
    "padded": (layers.ZeroPadding1D(1, name="soft"), r"'soft' \(ZeroPadding1D\) .*pads the end"),
    "both": (
        layers.Bidirectional(layers.GRU(2), name="both"),
        r"'both' \(Bidirectional\) .*hears the clip from its end",
    ),
    "backwards": (layers.GRU(2, go_backwards=True, name="back"), r"'back' \(GRU\) .*hears the clip from its end"),
    "attention": (attention, r"'all' \(Attention\) .*looks at the whole clip"),
    "gate": (gated_by_the_mean, r"'gate' \(Multiply\) .*known at the end of the clip"),
    "norm": (layers.BatchNormalization(axis=1, name="across"), r"'across' .*all frames together"),
    "permute": (layers.Permute((2, 1), name="turn"), r"'turn' \(Permute\) cannot be streamed"),
    "reshape": (layers.Reshape((4, 6), name="mix"), r"'mix' \(Reshape\) .*\(8, 3\) becomes \(4, 6\)"),
    "short": (layers.Conv1D(2, 9, name="long"), r"'long' \(Conv1D\) gets 8 frames of a clip, expected at least 9"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_step_refuses_what_cannot_be_streamed(name: str) -> None:
    layer, reason = REFUSED[name]
    inputs = keras.Input((None if name == "short" else 8, 3))
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(ExportError, match=reason):
        forms.step(model, 8)


def test_step_refuses_models_of_several_inputs_and_clips_of_another_length() -> None:
    one, two = keras.Input((8, 3)), keras.Input((8, 3))
    with pytest.raises(ExportError, match="2 inputs and 1 outputs"):
        forms.step(keras.Model([one, two], layers.Add()([one, two])), 8)
    with pytest.raises(ExportError, match="takes clips of 8 frames, expected 9"):
        forms.step(keras.Model(one, layers.GRU(2)(one)), 9)


def test_feeds_hold_the_states_of_real_sequences(clips: Any) -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.Conv1D(4, 3, 2), layers.GRU(2, return_sequences=True)])
    form, features = forms.step(model, 9), clips(9, 3)
    assert form.stepping is not None
    (hold,) = {state.hold for state in form.stepping.states if state.hold}
    (state,) = (state.input for state in form.stepping.states if state.hold)
    feeds = list(form.feeds(features))
    assert len(feeds) == 2 * form.stepping.steps
    expected = np.asarray(model(features))  # of a GRU, output and state are one
    for clip, own in enumerate((feeds[::2], feeds[1::2])):
        np.testing.assert_array_equal([feed[state] for feed in own[: hold + 1]], 0)
        seen = np.concatenate([feed[state] for feed in own[hold + 1 :]])
        np.testing.assert_allclose(seen, expected[clip][: len(seen)], atol=1e-6)


def test_feeds_are_an_even_choice_where_there_are_many(clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    form = forms.step(keras.Sequential([keras.Input((None, 3)), layers.SimpleRNN(2)]), 6)
    every = [feed["features"].tobytes() for feed in form.feeds(clips(6, 3, count=10))]
    monkeypatch.setattr(form_module, "_MOST_FEEDS", 20)
    chosen = [feed["features"].tobytes() for feed in form.feeds(clips(6, 3, count=10))]
    assert len(every) == 60
    assert len(chosen) == 20
    places = [every.index(one) for one in chosen]
    assert {place // 10 for place in places} == set(range(6))  # steps
    assert len({place % 10 for place in places}) >= 8  # clips


def test_names_of_what_needs_more_than_8_bits() -> None:
    form = forms.step(keras.Sequential([keras.Input((None, 3)), layers.LSTM(2, name="lstm"), layers.Dense(2)]), 6)
    fine = {"lstm_carry_kept", "lstm_carry_new", "lstm_carry_sum", "lstm_carry_activated"}
    assert set(form.fine) == {*fine, "lstm_carry", "lstm_carry_next"}


def test_names_of_what_has_one_range() -> None:
    convolution = layers.Conv1D(2, 3, padding="causal", name="conv")
    form = forms.step(keras.Sequential([keras.Input((None, 3)), convolution, layers.GRU(2, name="gru")]), 6)
    assert form.same == (("conv_past", "conv_past_next", "conv_past_joined"), ("gru_h", "gru_h_next"))
