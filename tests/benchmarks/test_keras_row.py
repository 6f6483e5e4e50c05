"""The Keras original beside its artefacts, with the real Keras."""

import numpy as np
import pytest

from edgeasr_bench import Settings, bench


@pytest.mark.slow
def test_bench_has_a_row_for_the_keras_original_and_compares_answers_with_it(make_bundle, weights):
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [keras.layers.Input((19, 8)), keras.layers.Flatten(), keras.layers.Dense(3, use_bias=False)]
    )
    model.layers[-1].set_weights([weights.astype(np.float32)])
    original, full, int8 = bench([make_bundle(model=model).path], Settings(seconds=0.2)).results
    assert (original.artefact, original.runtime, original.scheme) == ("model.keras", "keras", "float32")
    assert original.runtime_version.startswith("keras ")
    assert original.accuracy.value == full.accuracy.value == 0.9
    assert {result.original for result in (original, full, int8)} == {"model.keras"}
    assert full.agreement == 1
    assert int8.agreement < 1
    assert original.ratio_to_float.baseline == "model.keras"
    assert int8.ratio_to_float.baseline == "tiny.float32.onnx"  # speed is compared in the same runtime
    assert original.peak_rss_bytes > full.peak_rss_bytes
