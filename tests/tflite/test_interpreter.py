"""The interpreter runs whole models bit for bit as `tflite-micro` does, and says what it cannot run."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.errors import ArtefactError
from edgeasr.tflite import Interpreter, read_model
from tests.tflite.builder import Step, Value, constant, draw, micro, micro_run, one, write


def maps(path: Path, count: int) -> list[np.ndarray]:
    """Read the first feature maps of MLPerf Tiny: int8 [1, 49, 10, 1]."""
    with zipfile.ZipFile(path) as members:
        names = [name for name in members.namelist() if name.endswith(".bin")][:count]
        return [np.frombuffer(members.read(name), np.int8).reshape(1, 49, 10, 1) for name in names]


@pytest.mark.parametrize("count", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_keyword_model_of_mlperf_tiny_is_bit_exact(count: int, real: Callable[[str], Path]) -> None:
    model = real("models/mlperf_kws_int8.tflite").read_bytes()
    ours, theirs = Interpreter(read_model(model)), micro(model)
    inputs = maps(real("mlperf_tiny_kws01.zip"), count)
    assert len(inputs) == count
    scores = [ours.run(values)[0] for values in inputs]
    np.testing.assert_array_equal(scores, [micro_run(theirs, values)[0] for values in inputs])
    assert len({score.argmax() for score in scores}) == 12


def test_keyword_model_of_a_dynamic_range_is_refused_as_by_tflm(real: Callable[[str], Path]) -> None:
    with pytest.raises(ArtefactError, match="CONV_2D: expected float weights between floats, got INT8"):
        Interpreter(read_model(real("models/mlperf_kws_float32.tflite")))


@pytest.mark.parametrize("name", ["mww_okay_nabu", "mww_vad"])
def test_streaming_model_is_bit_exact_until_and_after_reset(name: str, real: Callable[[str], Path]) -> None:
    model = real(f"models/{name}.tflite").read_bytes()
    ours, theirs, rng = Interpreter(read_model(model)), micro(model), np.random.default_rng(0)
    inputs = [draw(rng, (1, 3, 40), np.int8) // (1 + place % 7) for place in range(40)]
    expected = [micro_run(theirs, values)[0] for values in inputs]
    for _ in range(2):
        np.testing.assert_array_equal([ours.run(values)[0] for values in inputs], expected)
        ours.reset()
    assert len(np.unique(expected)) > 1


def test_missing_operators_are_named_with_those_there_are() -> None:
    steps = [Step(name, [Value((1,), "FLOAT32")], [Value((1,), "FLOAT32")], {}) for name in ("SIN", "COS")]
    with pytest.raises(ArtefactError, match="that the reference runtime lacks: COS, SIN; it has ADD, .*VAR_HANDLE"):
        Interpreter(read_model(write((steps, [], []))))


def test_inputs_of_another_shape_or_type_are_refused() -> None:
    interpreter = Interpreter(read_model(one("RELU6", [Value((2, 3), "FLOAT32")], [Value((2, 3), "FLOAT32")])))
    with pytest.raises(ArtefactError, match=r"expected inputs of float32 \[2, 3\], got float64 \[3, 2\]"):
        interpreter.run(np.zeros((3, 2)))
    with pytest.raises(ArtefactError, match=r"expected inputs of float32 \[2, 3\], got nothing"):
        interpreter.run()


def test_operators_that_do_not_fit_their_tensors_are_refused() -> None:
    with pytest.raises(ArtefactError, match=r"RESHAPE: its inputs and options do not fit each other \(cannot reshape"):
        Interpreter(read_model(one("RESHAPE", [Value((6,))], [Value((4,))]))).run(np.zeros(6, np.int8))
    with pytest.raises(ArtefactError, match=r"RELU6: expected outputs of float32 \[4\], got float32 \[6\]"):
        Interpreter(read_model(one("RELU6", [Value((6,), "FLOAT32")], [Value((4,), "FLOAT32")]))).run(
            np.zeros(6, np.float32)
        )
    with pytest.raises(ArtefactError, match="tensor 1 .*expected one scale above 0"):
        Interpreter(read_model(one("LOGISTIC", [Value((6,))], [Value((6,))])))
    with pytest.raises(ArtefactError, match="TRANSPOSE: expected a constant as input 1, it is computed"):
        Interpreter(read_model(one("TRANSPOSE", [Value((6,)), Value((1,), "INT32")], [Value((6,))])))


def test_arrays_that_no_device_has_memory_for_are_refused() -> None:
    huge = Value((1 << 15, 1 << 15))
    with pytest.raises(ArtefactError, match=r"at most 16777216 elements in an array, got the shape \[32768, 32768\]"):
        Interpreter(read_model(one("RELU6", [huge], [huge])))
    wide = [Value((1 << 14, 1), "FLOAT32"), Value((1, 1 << 14), "FLOAT32")]
    with pytest.raises(ArtefactError, match=r"at most 16777216 elements in an array, got the shape \[16384, 16384\]"):
        Interpreter(read_model(one("ADD", wide, [Value((1,), "FLOAT32")])))
    sizes = constant([[1 << 30, 0]])
    with pytest.raises(ArtefactError, match="at most 16777216 elements in an array"):
        Interpreter(read_model(one("PAD", [Value((1,), "FLOAT32"), sizes], [Value((1,), "FLOAT32")])))


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_integer_weights_between_floats_are_refused(name: str) -> None:
    shape = (1, 1) if name == "FULLY_CONNECTED" else (1, 1, 1, 1)
    weights = constant(np.ones(shape), "int8", scale=0.1)
    model = one(name, [Value(shape, "FLOAT32"), weights], [Value(shape, "FLOAT32")], **({} if len(shape) == 2 else {
        "stride_w": 1, "stride_h": 1}))  # fmt: skip
    with pytest.raises(ArtefactError, match=f"{name}: expected float weights between floats, got INT8"):
        Interpreter(read_model(model))


@pytest.mark.parametrize("name", ["LOGISTIC", "TANH", "SOFTMAX"])
def test_outputs_that_a_function_cannot_give_are_refused(name: str) -> None:
    model = one(name, [Value((4,), "INT8", 0.1)], [Value((4,), "INT8", 0.1)])
    with pytest.raises(
        ArtefactError, match=rf"{name}: expected an output of scale 0\.00\d+ and zero point .* got 0\.1"
    ):
        Interpreter(read_model(model))


@pytest.mark.parametrize(("source", "output"), [("UINT8", "UINT8"), ("INT8", "FLOAT32")])
def test_element_types_that_tflm_lacks_are_refused(source: str, output: str) -> None:
    model = one("RELU", [Value((4,), source, 0.1)], [Value((4,), output, 0.1)])
    with pytest.raises(
        ArtefactError, match=f"RELU: expected FLOAT32 or INT8 or INT16 as in TFLM, got {source} to {output}"
    ):
        Interpreter(read_model(model))


def test_subgraphs_that_call_each_other_without_end_are_survived() -> None:
    graphs = [([Step("CALL_ONCE", [], [], {"init_subgraph_index": (place + 1) % 500})], [], []) for place in range(500)]
    interpreter = Interpreter(read_model(write(*graphs)))
    with pytest.raises(ArtefactError, match="CALL_ONCE: its inputs and options do not fit each other .*recursion"):
        interpreter.run()
    itself = write(([Step("CALL_ONCE", [], [], {"init_subgraph_index": 0})], [], []))
    assert Interpreter(read_model(itself)).run() == ()
