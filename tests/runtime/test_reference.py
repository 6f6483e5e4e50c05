"""The reference runtime runs TFLite files as a microcontroller does."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.card import FEATURES, SCORES, Card, State, Stepping, append_to_tflite
from edgeasr.errors import ArtefactError, ConfigError
from edgeasr.runtime import load
from tests.tflite.builder import Step, Value, write


def test_reference_decides_as_tflite_does_on_a_file_of_somebody_else(real: Callable[[str], Path]) -> None:
    """Scores differ by a few steps, for TFLite's kernels for a PC round in other places than those of TFLM."""
    path = real("models/mlperf_kws_int8.tflite")
    reference, tflite = load(path, runtime="reference"), load(path)
    assert (reference.card, reference.labels, reference.input_shape) == (None, (), tflite.input_shape)
    with zipfile.ZipFile(real("mlperf_tiny_kws01.zip")) as members:
        names = [name for name in members.namelist() if name.endswith(".bin")][:50]
        maps = np.stack([np.frombuffer(members.read(name), np.int8).reshape(49, 10) for name in names])
    features = (maps.astype(np.float32) - 83) * np.float32(0.5847029)
    scores, expected = reference.run_batch(features), tflite.run_batch(features)
    assert (scores.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95


def test_reference_gives_the_floats_of_tflite(artefacts: dict[str, Path], features: np.ndarray) -> None:
    path = artefacts["tflite.float32"]
    reference, tflite = load(path, "reference"), load(path)
    for clip in features[:20]:
        np.testing.assert_allclose(reference.run(clip), tflite.run(clip), rtol=0, atol=1e-5)


def test_reference_starts_a_stream_again_when_reset(real: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "vad.tflite"  # alone: with its manifest beside it, every run is of a whole clip
    path.write_bytes(real("models/mww_vad.tflite").read_bytes())
    model = load(path, runtime="reference")
    features = np.random.default_rng(0).uniform(0, 26, (30, *model.input_shape)).astype(np.float32)
    first = [model.run(frames) for frames in features]
    assert not np.array_equal(first, [model.run(frames) for frames in features])
    model.reset()
    np.testing.assert_array_equal(first, [model.run(frames) for frames in features])


def test_reference_is_bit_exact_with_tflite_micro_on_our_own_export(
    artefacts: dict[str, Path], features: np.ndarray
) -> None:
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    path = artefacts["tflite.int8"]
    micro, model = runtime.Interpreter.from_file(str(path)), load(path, "reference")
    quantisation = model.card.quantisation
    for clip in features[:20]:
        integers = clip / np.float32(quantisation["input"]["scale"]) + quantisation["input"]["zero_point"]
        shape = tuple(micro.get_input_details(0)["shape"])
        micro.set_input(np.rint(integers).clip(-128, 127).astype(np.int8).reshape(shape), 0)
        micro.invoke()
        logits = (micro.get_output(0)[0].astype(np.float32) - quantisation["output"]["zero_point"]) * np.float32(
            quantisation["output"]["scale"]
        )
        powers = np.exp(logits - logits.max())
        np.testing.assert_allclose(model.run(clip), powers / powers.sum(), rtol=1e-6)


@pytest.mark.parametrize("signed", [False, True])
def test_reference_carries_the_state_of_a_step_model_as_tflite_does(signed: bool, tmp_path: Path) -> None:
    """What goes out has another scale than what comes in, and stands before the scores."""
    suffix = ":0" if signed else ""
    before = Value((1, 2, 3), "INT8", 0.05, 3, name="state_in" + suffix)
    after = Value((1, 2, 3), "INT8", 0.08, -5, name="state_out" + suffix)
    features = Value((1, 2, 3), "INT8", 0.1, 7, name=FEATURES + suffix)
    scores = Value((1, 2, 3), "INT8", 0.2, -1, name=SCORES + suffix)
    steps = [Step("ADD", [features, before], [after], {}), Step("ADD", [after, features], [scores], {})]
    model = write((steps, [before, features], [after, scores]), signed=signed)
    stepping = Stepping(6, 2, 2, 2, 4, (State("state_in", "state_out", hold=1),))
    card = Card("sum", "int8", ("a", "b", "c"), None, "probabilities", "", stepping=stepping)
    path = tmp_path / "sum.tflite"
    path.write_bytes(append_to_tflite(model, card))
    reference, tflite = load(path, "reference"), load(path)
    clips = np.random.default_rng(0).normal(0, 2, (5, 6, 3)).astype(np.float32)
    assert reference.input_shape == (6, 3)
    expected = tflite.run_batch(clips)
    np.testing.assert_allclose(reference.run_batch(clips), expected, atol=0.21)  # a step, where TFLite rounds otherwise
    reference.reset()
    taken = [reference.step(clips[0, start : start + 2]) for start in (0, 2, 4)]
    assert taken[0] is None
    np.testing.assert_array_equal(np.concatenate(taken[1:]), reference.run(clips[0]))


def test_reference_needs_neither_tensorflow_nor_tflite(real: Callable[[str], Path]) -> None:
    path = real("models/mlperf_kws_int8.tflite")
    code = (
        "import sys, numpy as np\n"
        "from edgeasr.runtime import load\n"
        f"load({str(path)!r}, runtime='reference').run(np.zeros((49, 10), np.float32))\n"
        "print(sorted({'tensorflow', 'ai_edge_litert', 'flatbuffers', 'keras', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_reference_names_the_file_that_it_cannot_run(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x10\0\0\0TFL3" + bytes(40))
    with pytest.raises(ArtefactError, match=r"broken\.tflite: damaged TFLite file"):
        load(path, runtime="reference")
    with pytest.raises(ArtefactError, match=r"broken\.h5: expected a bundle folder"):
        load(path.rename(tmp_path / "broken.h5"), runtime="reference")


def test_reference_runs_tflite_files_only(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.touch()
    with pytest.raises(ConfigError, match="is run by onnxruntime, not by reference"):
        load(path, runtime="reference")
