"""Which form an artefact has: whole clips, single steps, or a recurrence unrolled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import Input, Sequential, layers

from edgeasr.bundle import Bundle
from edgeasr.runtime import load
from edgeasr.scores import softmax
from edgeasr_export import ExportSettings
from edgeasr_export.importing import load_source
from edgeasr_export.inspection import describe
from edgeasr_export.maker import Maker

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")

MakeBundle = Callable[[Any], Bundle]


def recurrent(padding: str) -> Any:
    return Sequential([Input((13, 10)), layers.Conv1D(6, 3, padding=padding), layers.LSTM(4), layers.Dense(3)])


def make(bundle: Bundle, work: Path, **settings: Any) -> Callable[[str, str], dict[str, Any]]:
    work.mkdir()
    how = ExportSettings("minmax", **settings)
    samples = bundle.samples().calibration
    return Maker(work, load_source(bundle), how, bundle.card(""), bundle.manifest, samples).make


def test_recurrent_layers_of_a_model_that_hears_what_follows_are_unrolled(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    model = recurrent("same")
    bundle = make_bundle(model)
    made = make(bundle, tmp_path / "work")("tflite", "int8")
    (note,) = made["notes"]
    assert "unrolled" in note
    assert "--streaming" not in note
    file, features = load(tmp_path / "work" / made["file"]), bundle.samples().verification
    assert file.stepping is None
    inside = [layer for layer in describe(file.path) if layer.operator not in ("QUANTIZE", "DEQUANTIZE")]
    carried = [layer.dtype for layer in inside if "_carry_" in layer.name]
    assert len(carried) > 3 * 13
    assert set(carried) == {"float32"}  # of every frame
    assert {layer.dtype for layer in inside if "_carry_" not in layer.name} == {"int8"}
    expected = softmax(np.asarray(model.predict(features, verbose=0)))
    np.testing.assert_allclose(file.run_batch(features), expected, rtol=0, atol=0.1)


@pytest.mark.parametrize(
    ("padding", "streaming", "scheme", "cut", "notes"),
    [("causal", False, "int8", "step", 1), ("causal", True, "int8", "step", 0), ("same", False, "dynamic", "clip", 0)],
)
def test_form_is_what_quantises_unless_one_is_asked_for(
    make_bundle: MakeBundle, tmp_path: Path, padding: str, streaming: bool, scheme: str, cut: str, notes: int
) -> None:
    bundle = make_bundle(recurrent(padding))
    made = make(bundle, tmp_path / "work", streaming=streaming)("tflite", scheme)
    assert (made["baseline"], len(made["notes"])) == (f"{cut}.float32.tflite", notes)
