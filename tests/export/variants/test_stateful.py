"""State in resource variables: the bits of the file with its state outside, in every runtime."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.card import Card, State, Stepping, append_to_tflite, read_from_tflite
from edgeasr.errors import ConfigError, ExportError
from edgeasr.runtime import load
from edgeasr.tflite import read_model
from edgeasr.tflite.arena import measure_arena_bytes
from edgeasr_export.export import conversions
from edgeasr_export.variants import VARIANTS, variant
from edgeasr_export.variants.stateful import keep_state_inside
from tests.export.test_metadata import metadata_of, tables
from tests.export.variants.conftest import FRAMES, HOP, ears
from tests.tflite.builder import Step, Value, constant, micro, write

_RNG = np.random.default_rng(0)
FEATURES = (_RNG.uniform(0, 4, (300, 40)) * _RNG.uniform(0, 1.5, (300, 1))).astype(np.float32)


def both(tmp_path: Path, type: str) -> tuple[Path, Path]:
    outside, inside = (ears(tmp_path / f"{name}.tflite", type) for name in ("outside", "inside"))
    keep_state_inside(inside)
    return outside, inside


@pytest.mark.parametrize("runtime", ["tflite", "reference"])
@pytest.mark.parametrize("type", ["INT8", "FLOAT32"])
def test_state_inside_gives_the_bits_of_state_outside(type: str, runtime: str, tmp_path: Path) -> None:
    outside, inside = (load(path, runtime) for path in both(tmp_path, type))
    streams = []
    for model in (outside, inside):
        model.reset()
        streams.append([model.step(hop) for hop in np.split(FEATURES, len(FEATURES) // HOP)])
    assert streams[0][:2] == streams[1][:2] == [None, None]
    np.testing.assert_array_equal(streams[0][2:], streams[1][2:])
    assert len(np.unique(streams[0][2:])) > 10
    clips = FEATURES[: 14 * FRAMES].reshape(14, FRAMES, -1)
    np.testing.assert_array_equal(outside.run_batch(clips), inside.run_batch(clips))
    np.testing.assert_array_equal([outside.run(clip) for clip in clips], [inside.run(clip) for clip in clips])


def test_state_inside_gives_the_bits_of_state_outside_in_tflite_micro(tmp_path: Path) -> None:
    outside, inside = both(tmp_path, "INT8")
    theirs = micro(inside.read_bytes())
    ours = load(outside, "reference")
    state = np.full((1, FRAMES - HOP, 40), -128, np.int8)
    for start in range(0, len(FEATURES), HOP):
        features = ours._quantise.to_integer(FEATURES[None, start : start + HOP])
        logits, state = ours._interpreter.run(features, state)
        theirs.set_input(features, 0)
        theirs.invoke()
        np.testing.assert_array_equal(theirs.get_output(0), logits)


def test_a_stateful_file_has_one_input_and_one_output_and_a_start(tmp_path: Path) -> None:
    _, inside = both(tmp_path, "INT8")
    model, card = read_model(inside), read_from_tflite(inside)
    assert (list(model.signatures[0].inputs), list(model.signatures[0].outputs)) == (["features"], ["scores"])
    assert [operator.name for operator in model.subgraphs[0].operators] == [
        *("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "CONCATENATION", "STRIDED_SLICE", "ASSIGN_VARIABLE"),
        *("RESHAPE", "FULLY_CONNECTED"),
    ]
    assert [operator.name for operator in model.subgraphs[1].operators] == ["VAR_HANDLE", "ASSIGN_VARIABLE"]
    assert card is not None
    assert card.stepping is not None
    assert card.stepping.states == ()
    assert measure_arena_bytes(inside) > 2 * FRAMES * 40
    assert [len(tables(tables(metadata_of(inside.read_bytes()), 3)[0], side)) for side in (2, 3)] == [1, 1]


def test_a_state_that_must_wait_stays_outside(tmp_path: Path) -> None:
    path = ears(tmp_path / "waits.tflite", hold=2)
    with pytest.raises(ExportError, match="past must stay zero for the first 2 steps"):
        keep_state_inside(path)


def test_a_state_that_changes_its_scale_stays_outside(tmp_path: Path) -> None:
    path = ears(tmp_path / "changes.tflite", next_scale=0.2)
    with pytest.raises(ExportError, match="past goes out in another type or scale"):
        keep_state_inside(path)


def test_a_model_of_whole_clips_has_no_state(tmp_path: Path) -> None:
    path = ears(tmp_path / "whole.tflite", whole=True)
    with pytest.raises(ExportError, match="export it with --streaming"):
        keep_state_inside(path)


@pytest.mark.parametrize(("after_silence", "first"), [(False, 0), (True, 5)])
def test_states_begin_with_zeros_or_as_silence_leaves_them(tmp_path: Path, after_silence: bool, first: int) -> None:
    features, past, following = (Value((1, 1, 2), "FLOAT32", name=name) for name in ("features", "past", "past_next"))
    summed, scores = Value((1, 1, 2), "FLOAT32"), Value((1, 2), "FLOAT32", name="scores")
    steps = [
        Step("ADD", [features, past], [summed], {}),
        Step("ADD", [summed, constant(np.ones((1, 1, 2)), "float32")], [following], {}),
        Step("RESHAPE", [past, constant([1, 2])], [scores], {"new_shape": [1, 2]}),
    ]
    stepping = Stepping(5, 1, 1, 4, None, (State("past", "past_next"),))
    card = Card("counts", "float32", ("a", "b"), None, "probabilities", "", stepping=stepping)
    path = tmp_path / "counts.tflite"
    path.write_bytes(append_to_tflite(write((steps, [features, past], [scores, following]), signed=True), card))
    keep_state_inside(path, after_silence)
    model = load(path)
    for _ in range(2):
        model.reset()
        given = [model.step(np.zeros((1, 2), np.float32)) for _ in range(6)]
        assert given[:4] == [None] * 4
        np.testing.assert_array_equal(given[4:], [[first + 4] * 2, [first + 5] * 2])


def test_variants_are_formats_that_are_asked_for(tmp_path: Path) -> None:
    assert not any(step.startswith(tuple(VARIANTS)) for step in conversions(["int8", "float32"]))
    assert conversions(["int8", "float32"], ["tflite-stateful"]) == ["tflite-stateful:int8", "tflite-stateful:float32"]
    assert conversions(["int8"], ["esphome"]) == ["esphome:int8"]
    assert variant("tflite") is None
    with pytest.raises(ConfigError, match="float32 does not exist for esphome: pass --int8"):
        conversions(["float32"], ["esphome"])
    with pytest.raises(ConfigError, match="unknown format 'core-ml'"):
        conversions(["int8"], ["core-ml"])
