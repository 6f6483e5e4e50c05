"""Step models in the runtimes: over a clip, over a stream, quantised or not, and what is wrong with a file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.card import CtcOutput, State, Stepping, append_to_tflite
from edgeasr.errors import ArtefactError
from edgeasr.features import FrontendConfig
from edgeasr.runtime import load
from edgeasr.runtime.stepping import Inference, StepLoop
from edgeasr.runtime.tflite import Affine, _State
from edgeasr.scores import softmax

FRONTEND = FrontendConfig(kind="mfcc", clip_ms=530)  # 26 x 10
FILES = ("stream.float32.tflite", "stream.int8.tflite", "stream.float32.onnx", "stream.int8.onnx")


@pytest.fixture(scope="session")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, np.ndarray]:
    """Give step files of a small recogniser that delays, strides and remembers; features; the original's scores."""
    import keras

    from edgeasr_export import export_bundle
    from edgeasr_export.settings import ExportSettings
    from tests.export.conftest import converting_here

    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Conv1D(16, 4, strides=2, activation="relu"),
        keras.layers.GRU(12, return_sequences=True),
        keras.layers.Conv1D(8, 3, padding="causal", activation="relu"),
        keras.layers.Dense(4),
    ]
    model = keras.Sequential([keras.Input((None, FRONTEND.bins)), *layers])
    layers[-1].bias.assign([0, 2, 0, 0])  # says the same of all: of an untrained network the scores are compared
    features = np.random.default_rng(0).standard_normal((24, *FRONTEND.shape)).astype(np.float32)
    manifest = Manifest("net", ("a", "b", " ", "_"), FRONTEND, "logits", ctc=CtcOutput(first=4, stride=2))
    samples = Samples(features, features[:6], np.zeros((0, 1), np.int64))
    bundle = Bundle.create(tmp_path_factory.mktemp("streamed") / "net", manifest, model, samples)
    with converting_here():
        bundle = export_bundle(bundle, ("float32", "int8"), settings=ExportSettings("minmax", streaming=True))
    return bundle.path, features[:6], softmax(np.asarray(model.predict(features[:6], verbose=0)))


@pytest.fixture(params=FILES)
def stepping(request: pytest.FixtureRequest, streamed: tuple[Path, np.ndarray, np.ndarray]) -> Any:
    """Give the model of each file."""
    return load(streamed[0] / f"net.{request.param}")


def test_run_of_a_step_model_gives_what_the_original_gives(stepping: Any, streamed: Any) -> None:
    _, features, expected = streamed
    scores = stepping.run_batch(features)
    assert scores.shape == expected.shape == (6, 12, 4)
    if stepping.scheme == "float32":
        np.testing.assert_allclose(scores, expected, atol=1e-5)
    else:
        noise = np.square(scores - expected).mean() / np.square(expected - expected.mean(axis=(0, 1))).mean()
        assert noise < 0.01  # 20 dB


def test_run_starts_anew_each_time(stepping: Any, streamed: Any) -> None:
    _, features, _ = streamed
    first = stepping.run(features[0])
    stepping.run(features[1])
    np.testing.assert_array_equal(stepping.run(features[0]), first)


def test_step_by_step_gives_the_same_as_the_whole_clip(stepping: Any, streamed: Any) -> None:
    _, (clip, *_), _ = streamed
    whole = stepping.run(clip)
    for _ in range(2):
        stepping.reset()
        given = [stepping.step(clip[start : start + 2]) for start in range(0, len(clip), 2)]
        assert given[0] is None
        joined = np.concatenate([scores for scores in given if scores is not None])
        np.testing.assert_array_equal(joined, whole[: len(joined)])
        assert len(joined) >= len(whole) - 1


def test_step_wants_its_hop(stepping: Any) -> None:
    with pytest.raises(ArtefactError, match=r"expects features of shape \(2, 10\), got \(3, 10\)"):
        stepping.step(np.zeros((3, 10), np.float32))
    with pytest.raises(ArtefactError, match="got NaN"):
        stepping.step(np.full((2, 10), np.nan, np.float32))


def test_step_of_a_model_of_whole_clips_is_refused(artefacts: dict[str, Path]) -> None:
    model = load(artefacts["tflite.int8"])
    assert model.stepping is None
    with pytest.raises(
        ArtefactError, match="takes whole clips, not the frames of a stream: export it with --streaming"
    ):
        model.step(np.zeros(model.input_shape, np.float32))


def test_load_of_a_file_whose_card_names_other_states(streamed: Any, tmp_path: Path) -> None:
    folder, _, _ = streamed
    whole = load(folder / "net.stream.float32.tflite")
    assert whole.card is not None
    assert whole.stepping is not None
    wrong = replace(whole.card, stepping=replace(whole.stepping, states=whole.stepping.states[1:]))
    raw = (folder / "net.stream.float32.tflite").read_bytes()
    (tmp_path / "wrong.tflite").write_bytes(append_to_tflite(raw, wrong))
    with pytest.raises(ArtefactError, match=r"wrong\.tflite: its states are not those it says it has \("):
        load(tmp_path / "wrong.tflite")


def counter(stepping: Stepping) -> StepLoop:
    """Make a loop whose state sums up the frames, and whose output shows it."""

    def infer(frames: Any, states: Any) -> Any:
        total = states[0] + frames.sum()
        return np.repeat(total[:, None], stepping.step_outputs, axis=1), [total]

    same: Callable[[Any], Any] = lambda values: values  # noqa: E731
    return StepLoop(stepping, Inference(same, infer, same, [np.zeros((1, 1), np.float32)]))


def test_loop_holds_a_state_and_feeds_zeros_until_all_is_out() -> None:
    loop = counter(Stepping(5, 2, 1, first=2, outputs=3, states=(State("in", "out", hold=1),)))
    frames = np.arange(1, 6, dtype=np.float32).reshape(1, 5, 1)
    # steps take 1+2 (held), 3+4, 5+0, 0+0, 0+0; the first two are junk
    np.testing.assert_array_equal(loop.run(frames), [[12], [12], [12]])
    assert loop.step(frames[:, :2]) is not None  # the stream goes on
    loop.reset()
    assert loop.step(frames[:, :2]) is None


def test_loop_cuts_junk_within_a_step_and_what_the_clip_lacks() -> None:
    loop = counter(Stepping(6, 2, 2, first=1, outputs=4, states=(State("in", "out"),)))
    np.testing.assert_array_equal(loop.run(np.ones((1, 6, 1), np.float32))[:, 0], [2, 4, 4, 6])


def test_loop_of_a_classifier_gives_the_last_step() -> None:
    loop = counter(Stepping(6, 2, 1, first=2, outputs=None, states=(State("in", "out"),)))
    assert loop.run(np.ones((1, 6, 1), np.float32)).tolist() == [[6.0]]
    assert loop.step(np.ones((1, 2, 1), np.float32)).tolist() == [[8.0]]  # type: ignore[union-attr]


def test_loop_of_a_recurrent_classifier_never_speaks_from_a_state_older_than_two_clips() -> None:
    loop = counter(Stepping(6, 2, 1, first=2, outputs=None, states=(State("in", "out"),)))  # a clip is 3 steps
    given = [loop.step(np.ones((1, 2, 1), np.float32)) for _ in range(20)]
    heard = [None if sums is None else float(sums[0, 0]) / 2 for sums in given]  # steps
    assert heard == [None, None, 3, 4, 5, 6, 4, 5, 6, *(4, 5, 6) * 3, 4, 5]


def test_loop_of_a_classifier_that_remembers_frames_only_never_starts_anew() -> None:
    def infer(frames: Any, states: Any) -> Any:
        return [states[0][:, -1]], [states[0] + 1]

    same: Callable[[Any], Any] = lambda values: values  # noqa: E731
    stepping = Stepping(6, 2, 1, first=2, outputs=None, states=(State("in", "out"),))
    loop = StepLoop(stepping, Inference(same, infer, same, [np.zeros((1, 4, 1), np.float32)]))
    given = [loop.step(np.ones((1, 2, 1), np.float32)) for _ in range(20)]
    assert [value.item() for value in given if value is not None] == list(range(2, 20))


def details(index: int, scale: float, zero_point: int) -> dict[str, Any]:
    return {"index": index, "shape": np.array([1, 4]), "dtype": np.int8, "quantization": (scale, zero_point)}


def test_state_of_another_scale_is_quantised_anew() -> None:
    before, after = details(1, 0.5, 3), details(2, 0.25, -1)
    state = _State(before, after)
    assert state.zeros.tolist() == [[3, 3, 3, 3]]
    values = np.array([[-1, 1, 7, 127]], np.int8)
    expected = Affine(before).to_integer(Affine(after).to_float(values))
    np.testing.assert_array_equal(state.carry(values), expected)
    assert expected.tolist() == [[3, 4, 7, 67]]
    assert _State(before, {**before, "index": 2}).carry(values) is values
