"""Each architecture has the size that its source states, and takes the features it was designed for."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeasr.errors import ConfigError
from edgeasr.features.frontend import mel_matrix
from edgeasr.models import MODELS, ModelSpec, build, model_spec
from edgeasr.packages import import_keras

CTC = tuple(name for name in MODELS if name.startswith("ctc-"))
CLASSIFIERS = tuple(name for name in MODELS if name not in CTC)
SHAPE = (40, 40)  # small enough that the largest model is built in no time, large enough for all but one


def _shape(name: str, spec: ModelSpec) -> tuple[int | None, int]:
    return (None, spec.frontend.bins) if name in CTC else spec.frontend.shape


def _features(name: str, clips: int) -> NDArray[np.float32]:
    shape = model_spec(name).frontend.shape if name == "wake-cnn" else SHAPE  # its convolutions are not padded
    return np.random.default_rng(0).standard_normal((clips, *shape)).astype(np.float32)


@cache
def _small(name: str) -> Any:
    return build(name, _features(name, 0).shape[1:], 7)


def _without_weights(name: str, shape: tuple[int | None, int], labels: int) -> Any:
    """Build a model that has no memory for its weights: one of them would take half a gigabyte."""
    keras = import_keras("the test")
    with keras.StatelessScope(initialize_variables=False):
        model = build(name, shape, labels)
    keras.backend.clear_session()  # else the weights would be made after all, by whatever comes next
    return model


PARAMETERS = [  # name, labels, trainable parameters, all of them
    ("ds-cnn", 12, 23_180, 24_332),  # the paper's model, and the one of MLPerf Tiny
    ("ds-cnn", 10, 23_050, 24_202),
    ("fsdd-cnn", 10, 177_674, 177_674),
    ("fsdd-lstm", 10, 234_858, 234_858),  # not stated: what the layers of the essay give
    ("voicemnist-mlp", 10, 16_788_490, 16_788_490),
    ("voicemnist-cnn1", 10, 130_067_786, 130_067_786),  # stated: about 130 million
    ("voicemnist-cnn2", 10, 59_012_490, 59_012_490),
    ("voicemnist-large", 10, 26_313_738, 26_313_738),
    ("voicemnist-cnn", 10, 6_446_986, 6_446_986),
    ("attention-cnn", 10, 25_230_283, 25_230_283),
    ("attention-cnn-plain", 10, 25_229_994, 25_229_994),
    ("attention-cnn-qkv", 10, 25_754_346, 25_754_346),  # ours
    ("ctc-gru", 29, 16_617, 16_617),
    ("ctc-gru-dense", 29, 223_229, 223_629),
    ("ctc-cnn-rnn", 29, 441_229, 442_029),
    ("ctc-deep-rnn", 29, 159_229, 160_029),
    ("ctc-birnn", 29, 156_429, 156_429),
    ("ctc-wavenet", 29, 3_726_237, 3_738_269),
    ("ctc-wavenet-small", 29, 627_357, 631_453),
]


def _assert_takes_its_features(name: str, model: Any, labels: int) -> None:
    assert model.input_shape == (None, *_shape(name, model_spec(name)))
    assert model.output_shape == ((None, None, labels) if name in CTC else (None, labels))


@pytest.mark.parametrize(("name", "labels", "trainable", "in_all"), PARAMETERS)
def test_model_has_the_parameters_and_features_that_its_source_says(
    name: str, labels: int, trainable: int, in_all: int
) -> None:
    model = _without_weights(name, _shape(name, model_spec(name)), labels)
    assert model.count_params() == in_all
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == trainable
    _assert_takes_its_features(name, model, labels)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in {row[0] for row in PARAMETERS}])
def test_model_of_our_own_takes_the_features_it_was_designed_for(name: str) -> None:
    _assert_takes_its_features(name, _without_weights(name, _shape(name, model_spec(name)), 7), 7)


@pytest.mark.parametrize("name", MODELS)
def test_model_has_an_output_of_ctc_by_its_name(name: str) -> None:
    assert (model_spec(name).ctc is not None) == (name in CTC)


@pytest.mark.parametrize(("name", "parameters"), [("attention-cnn", 174_027), ("attention-cnn-plain", 173_738)])
def test_attention_models_take_mnist_images_and_have_the_parameters_stated(name: str, parameters: int) -> None:
    assert build(name, (28, 28), 10).count_params() == parameters


@pytest.mark.parametrize("name", MODELS)
def test_model_looks_at_its_input(name: str) -> None:
    scores = import_keras("the test").ops.convert_to_numpy(_small(name)(_features(name, 3)))
    assert scores.dtype == np.float32
    assert scores.shape[0] == 3
    assert scores.shape[-1] == 7
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=0).max() > 0


@pytest.mark.parametrize("name", MODELS)
def test_model_gives_what_its_spec_says(name: str) -> None:
    last = next(layer for layer in reversed(_small(name).layers) if hasattr(layer, "activation"))
    activation = import_keras("the test").activations.serialize(last.activation)
    logits = "tanh" if name == "ctc-gru" else "linear"  # the notebook's, a GRU and nothing after
    assert activation == {"logits": logits, "probabilities": "softmax"}[model_spec(name).output]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_learns_in_one_step(name: str) -> None:
    keras = import_keras("the test")
    keras.utils.set_random_seed(0)
    features = _features(name, 4)
    model = build(name, features.shape[1:], 3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-3), loss, run_eagerly=True)
    _learns(model, features, np.array([0, 1, 2, 0]))


@pytest.mark.parametrize("name", CTC)
def test_ctc_model_learns_in_one_step(name: str) -> None:
    keras = import_keras("the test")
    keras.utils.set_random_seed(0)
    spec = model_spec(name)
    assert spec.ctc
    frames, words = 30, np.array([[0, 1, 1, 2], [2, 0, 2, 1]])
    outputs = np.full(2, spec.ctc.count(frames))

    def loss(wanted: Any, scores: Any) -> Any:
        return keras.ops.ctc_loss(wanted, scores, np.full(2, 4), outputs, mask_index=4)

    model = build(name, (None, spec.frontend.bins), 5)
    model.compile(keras.optimizers.SGD(1e-3), loss, run_eagerly=True)
    features = np.random.default_rng(0).standard_normal((2, frames, spec.frontend.bins)).astype(np.float32)
    _learns(model, features, words)


def _learns(model: Any, features: np.ndarray, wanted: np.ndarray) -> None:
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(features, wanted))
    after = model.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    unchanged = [w.path for w, a, b in zip(model.weights, before, after, strict=True) if w.trainable and (a == b).all()]
    assert not unchanged  # all of the network is connected


def test_unknown_model_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="unknown model 'transformer': expected one of .*ds-cnn, fsdd-cnn"):
        build("transformer", (49, 10), 10)


def test_unknown_option_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="voicemnist-mlp has no option 'conv_activation': expected one of dense_acti"):
        build("voicemnist-mlp", SHAPE, 10, {"conv_activation": "tanh"})
    with pytest.raises(ConfigError, match=r"fsdd-lstm has no option 'units': expected one of \(none\)"):
        build("fsdd-lstm", SHAPE, 10, {"units": 64})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("ds-cnn", (49, 10)),
        ("fsdd-cnn", (64, 64)),
        ("fsdd-lstm", (64, 64)),
        ("voicemnist-mlp", (128, 128)),
        ("voicemnist-cnn1", (128, 128)),
        ("voicemnist-cnn2", (128, 128)),
        ("voicemnist-large", (64, 64)),
        ("voicemnist-cnn", (64, 64)),
        ("attention-cnn", (391, 257)),
        ("attention-cnn-plain", (391, 257)),
        ("attention-cnn-qkv", (391, 257)),
        ("ctc-gru", (799, 161)),
        ("ctc-gru-dense", (799, 161)),
        ("ctc-cnn-rnn", (799, 161)),
        ("ctc-deep-rnn", (799, 161)),
        ("ctc-birnn", (799, 161)),
        ("ctc-wavenet", (798, 13)),
        ("ctc-wavenet-small", (798, 13)),
    ],
)
def test_features_have_the_shape_that_the_source_states(name: str, shape: tuple[int, int]) -> None:
    assert model_spec(name).frontend.shape == shape


@pytest.mark.parametrize("name", MODELS)
def test_every_mel_band_of_the_features_hears_something(name: str) -> None:
    frontend = model_spec(name).frontend
    if frontend.kind in ("log-mel", "mfcc"):
        assert (mel_matrix(frontend).max(axis=0) > 0.05).all()
