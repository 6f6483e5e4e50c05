"""TFLite: quantise and dequantise are one pair, models of other people run, and the interpreter is named."""

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.errors import MissingPackageError
from edgeasr.runtime import load
from edgeasr.runtime.tflite import Affine, interpreter_package

DTYPES = [np.int8, np.uint8, np.int16]


def affine(dtype: type, scale: float, zero_point: int) -> Affine:
    return Affine({"dtype": dtype, "quantization": (scale, zero_point)})


@st.composite
def quantisations(draw: st.DrawFn) -> tuple[Affine, float, float]:
    """Draw a quantisation with the least and the greatest value that it can hold."""
    dtype = draw(st.sampled_from(DTYPES))
    limits = np.iinfo(dtype)
    scale = float(np.float32(draw(st.floats(1e-6, 1e3))))
    zero_point = 0 if dtype is np.int16 else draw(st.integers(int(limits.min), int(limits.max)))
    return (
        affine(dtype, scale, zero_point),
        (limits.min - zero_point) * scale,
        (limits.max - zero_point) * scale,
    )


@settings(deadline=None, max_examples=200)
@given(quantisations(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_round_trip_is_off_by_half_a_step_at_most(
    quantisation: tuple[Affine, float, float], parts: list[float]
) -> None:
    pair, low, high = quantisation
    values = np.array([low + part * (high - low) for part in parts], np.float32)
    back = pair.to_float(pair.to_integer(values))
    # float32 itself is coarse: beside the half step there is the rounding of quotient, product and sum
    slack = 4 * np.finfo(np.float32).eps * max(abs(low), abs(high), high - low)
    np.testing.assert_array_less(np.abs(back - values), float(pair.scale) / 2 + slack)
    assert back.dtype == np.float32


@settings(deadline=None, max_examples=200)
@given(quantisations(), st.floats(1, 1e6))
def test_values_outside_the_range_are_clipped(quantisation: tuple[Affine, float, float], beyond: float) -> None:
    pair, low, high = quantisation
    span = high - low
    integers = pair.to_integer(np.array([low - beyond * span, high + beyond * span, -np.inf, np.inf], np.float32))
    limits = np.iinfo(pair.dtype)
    assert integers.tolist() == [limits.min, limits.max, limits.min, limits.max]
    assert integers.dtype == pair.dtype


@settings(deadline=None, max_examples=100)
@given(quantisations())
def test_every_integer_survives_the_round_trip(quantisation: tuple[Affine, float, float]) -> None:
    pair = quantisation[0]
    limits = np.iinfo(pair.dtype)
    integers = np.unique(np.linspace(limits.min, limits.max, 1000).astype(pair.dtype))
    np.testing.assert_array_equal(pair.to_integer(pair.to_float(integers)), integers)


def test_quantisation_rounds_to_the_nearest() -> None:
    values = np.array([0.0, 0.24, 0.26, 0.74, 0.76, -0.24, -0.26], np.float32)
    assert affine(np.int8, 0.5, 3).to_integer(values).tolist() == [3, 3, 4, 4, 5, 3, 2]


def test_zero_is_exact() -> None:
    pair = affine(np.int8, 0.58470, 83)
    assert pair.to_integer(np.zeros(1, np.float32)).tolist() == [83]
    assert pair.to_float(np.array([83], np.int8)).tolist() == [0.0]


def test_quantisation_leaves_its_argument() -> None:
    values = np.array([1.0, 2.0], np.float32)
    affine(np.int8, 0.5, 0).to_integer(values)
    assert values.tolist() == [1.0, 2.0]


def test_integers_without_a_scale_are_taken_as_they_are() -> None:
    pair = affine(np.uint8, 0.0, 0)
    assert pair.to_integer(np.array([7.0, 300.0], np.float32)).tolist() == [7, 255]
    assert pair.to_float(np.array([7], np.uint8)).tolist() == [7.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_floats_pass(dtype: type) -> None:
    pair = affine(dtype, 0.0, 0)
    values = np.array([0.5, -3.25], np.float32)
    assert pair.to_integer(values).dtype == dtype
    assert pair.to_float(values.astype(dtype)).tolist() == [0.5, -3.25]


def test_model_of_somebody_else_has_no_labels_and_no_front_end(real: Callable[[str], Path]) -> None:
    model = load(real("models/mlperf_kws_int8.tflite"))
    assert model.card is None
    assert (model.labels, model.frontend, model.scheme) == ((), None, "unknown")
    assert int(np.prod(model.input_shape)) == 490
    scores = model.run(np.zeros((49, 10), np.float32))
    assert scores.shape == (12,)
    np.testing.assert_allclose(scores.sum(), 1, atol=12 / 256)  # probabilities in steps of 1 / 256


def test_reset_forgets_the_state_of_a_streaming_model(real: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "nabu.tflite"  # alone: with its manifest beside it, every run is of a whole clip
    path.write_bytes(real("models/mww_okay_nabu.tflite").read_bytes())
    model = load(path)
    features = np.random.default_rng(0).uniform(0, 26, (20, *model.input_shape)).astype(np.float32)
    first = [model.run(frame).tolist() for frame in features]
    without = [model.run(frame).tolist() for frame in features]
    model.reset()
    assert [model.run(frame).tolist() for frame in features] == first
    assert without != first  # it does have a state


def test_interpreter_package_is_named_and_has_an_interpreter() -> None:
    package, module = interpreter_package()
    assert package in ("ai-edge-litert", "tflite-runtime")
    assert hasattr(module, "Interpreter")


def test_missing_interpreter_names_both_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingPackageError, match=r"'edgeasr\[device\]'.*'edgeasr\[device-legacy\]'"):
        interpreter_package()
