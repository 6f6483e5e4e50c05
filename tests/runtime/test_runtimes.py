"""Every runtime keeps the one contract, and gives the scores of the Keras original."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.bundle import Bundle
from edgeasr.errors import ArtefactError, BundleError, ConfigError
from edgeasr.runtime import RUNTIMES, load
from edgeasr.runtime.base import Runtime, runtimes_of
from edgeasr.scores import softmax
from edgeasr_export.schemes import scheme


def score(model: Runtime, features: np.ndarray) -> np.ndarray:
    return np.stack([model.run(clip) for clip in features])


def test_runtime_says_what_it_runs(model: Runtime, exported: Bundle) -> None:
    assert model.name in RUNTIMES
    assert model.labels == exported.manifest.labels
    assert model.frontend == exported.manifest.frontend
    assert model.input_shape == exported.manifest.frontend.shape
    assert model.scheme in ("float32", "int8")
    assert model.threads == 1 or model.name == "keras"  # TensorFlow keeps those of its first operation
    assert model.path.exists()
    package, version = model.version.split()[:2]
    assert package
    assert version[0].isdigit()


def test_runtime_gives_a_probability_for_each_label(model: Runtime, features: np.ndarray) -> None:
    for clip in features[:5]:
        scores = model.run(clip)
        assert scores.shape == (len(model.labels),)
        assert scores.dtype == np.float32
        assert (scores >= 0).all()
        np.testing.assert_allclose(scores.sum(), 1, rtol=1e-5)


def test_runtime_gives_the_same_each_time_and_keeps_what_it_gave(model: Runtime, features: np.ndarray) -> None:
    first = model.run(features[0])
    kept = first.copy()
    model.run(features[1])
    np.testing.assert_array_equal(first, kept)  # not a view into the interpreter
    model.reset()
    np.testing.assert_array_equal(model.run(features[0]), kept)


def test_runtime_gives_the_own_call_of_its_package_on_features_it_was_given(
    model: Runtime, features: np.ndarray
) -> None:
    given = features[0].copy()
    call = model.own_call(given)
    assert (call is None) == (model.name in ("keras", "reference"))
    if call:
        first = np.array(call()[0])
        given[:] = 0
        model.run(features[1])
        np.testing.assert_array_equal(call()[0], first)
        assert first.size == len(model.labels)


def test_runtime_takes_any_layout_of_the_features_and_leaves_them(model: Runtime, features: np.ndarray) -> None:
    clip = features[0].copy()
    expected = model.run(clip)
    np.testing.assert_array_equal(clip, features[0])
    views = (
        np.asfortranarray(clip),
        np.repeat(clip, 2, axis=0)[::2],
        clip.astype(np.float64),
        clip.reshape(1, *clip.shape, 1),
        np.frombuffer(clip.tobytes(), np.float32).reshape(clip.shape),
    )
    for view in views:
        np.testing.assert_array_equal(model.run(view), expected)


@pytest.mark.parametrize("wrong", [(1, 1), (0,), (7, 13), (98, 10)])
def test_runtime_refuses_features_of_another_size(model: Runtime, wrong: tuple[int, ...]) -> None:
    frames, bins = model.input_shape
    with pytest.raises(ArtefactError) as caught:
        model.run(np.zeros(wrong, np.float32))
    expected = f"expects features of shape ({frames}, {bins}), got {wrong}: use the front end it carries"
    assert str(caught.value).startswith(f"{model.path.name} {expected[:20]}")
    assert f"got {wrong}: use the front end it carries" in str(caught.value)


def test_runtime_refuses_nan(model: Runtime, features: np.ndarray) -> None:
    clip = features[0].copy()
    clip[3, 4] = np.nan
    with pytest.raises(ArtefactError, match="expects numbers as features, got NaN"):
        model.run(clip)


def test_runtime_takes_features_far_outside_the_usual_range(model: Runtime) -> None:
    for value in (-1e6, 1e6):
        scores = model.run(np.full(model.input_shape, value, np.float32))
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["tflite.float32", "tflite.int8", "onnxruntime.float32", "onnxruntime.int8"])
def test_artefact_gives_the_scores_of_the_original(
    name: str, threads: int, artefacts: dict[str, Path], features: np.ndarray, original: Runtime
) -> None:
    model = load(artefacts[name], threads=threads)
    tolerated = scheme(model.scheme)
    scores, expected = score(model, features), score(original, features)
    assert model.threads == threads
    assert np.mean(scores.argmax(axis=1) == expected.argmax(axis=1)) >= tolerated.min_agreement
    if tolerated.max_error is not None:
        np.testing.assert_allclose(scores, expected, rtol=0, atol=tolerated.max_error)
    else:
        assert np.abs(scores - expected).mean() < 0.05


@pytest.mark.parametrize("format", ["tflite", "onnxruntime"])
def test_int8_is_not_the_float_in_disguise(format: str, artefacts: dict[str, Path], features: np.ndarray) -> None:
    float32, int8 = (load(artefacts[f"{format}.{scheme}"]) for scheme in ("float32", "int8"))
    assert np.abs(score(float32, features[:10]) - score(int8, features[:10])).max() > 1e-4
    assert artefacts[f"{format}.int8"].stat().st_size < 0.7 * artefacts[f"{format}.float32"].stat().st_size


def test_keras_batch_is_its_clips_one_by_one(original: Runtime, features: np.ndarray) -> None:
    np.testing.assert_allclose(original.run_batch(features[:9]), score(original, features[:9]), atol=1e-5)


def test_load_takes_a_path_as_text_and_a_runtime_by_name(artefacts: dict[str, Path]) -> None:
    assert load(str(artefacts["tflite.int8"]), runtime="tflite").name == "tflite"


def test_load_refuses_an_unknown_runtime(artefacts: dict[str, Path]) -> None:
    with pytest.raises(
        ConfigError, match="unknown runtime 'torch': expected one of keras, onnxruntime, reference, tflite"
    ):
        load(artefacts["tflite.int8"], runtime="torch")


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        ("model.tflite", "tflite"),
        ("a.int8.onnx", "onnxruntime"),
        ("a.ort", "onnxruntime"),
        ("folder", "keras"),
    ],
)
def test_runtimes_of_goes_by_the_kind_of_file(tmp_path: Path, name: str, runtime: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "model.tflite").touch()
    (tmp_path / "a.int8.onnx").touch()
    (tmp_path / "a.ort").touch()
    assert runtimes_of(tmp_path / name)[0] == runtime


def test_runtimes_of_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "model.h5").touch()
    with pytest.raises(ArtefactError, match=r"model\.h5: expected a bundle folder, a \.tflite or an \.onnx file"):
        load(tmp_path / "model.h5")
    with pytest.raises(ArtefactError, match=r"none\.tflite: no such file: expected a bundle folder"):
        load(tmp_path / "none.tflite")


def test_keras_says_that_a_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not a bundle"):
        load(tmp_path)


def test_keras_says_that_it_cannot_load_a_model(tmp_path: Path, exported: Bundle) -> None:
    class NotKeras:
        def save(self, path: Path) -> None:
            path.write_text("text")

    Bundle.create(tmp_path / "bundle", exported.manifest, NotKeras(), exported.samples())
    with pytest.raises(BundleError, match=r"model\.keras: Keras .* cannot load it \(.*\): .* train again"):
        load(tmp_path / "bundle")


def test_softmax_is_a_distribution_even_of_large_logits() -> None:
    logits = np.array([[0, 0], [1000, 0], [-1000, -1001]], np.float32)
    expected = [[0.5, 0.5], [1, 0], [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))]]
    np.testing.assert_allclose(softmax(logits), expected, atol=1e-7)
    assert logits[1, 0] == 1000  # left as it was


@pytest.mark.parametrize("threads", [0, -1, 100_000])
def test_load_refuses_a_number_of_threads_that_would_stop_the_machine(threads: int, artefacts: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match=rf"^expected 1 to \d+ threads, got {threads}$"):
        load(artefacts["tflite.int8"], threads=threads)
