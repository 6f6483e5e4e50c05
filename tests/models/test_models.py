"""Each architecture has the size that its source states, and takes the features it was designed for."""

import numpy as np
import pytest

from edgeasr.errors import ConfigError
from edgeasr.models import MODELS, build, model_spec
from edgeasr.packages import import_keras


@pytest.mark.parametrize(
    ("name", "labels", "trainable", "in_all"),
    [
        ("ds-cnn", 12, 23_180, 24_332),  # the paper's model, and the one of MLPerf Tiny
        ("ds-cnn", 10, 23_050, 24_202),
        ("fsdd-cnn", 10, 177_674, 177_674),  # the essay's
    ],
)
def test_model_has_as_many_parameters_as_its_source_says(name: str, labels: int, trainable: int, in_all: int) -> None:
    model = build(name, model_spec(name).frontend.shape, labels)
    assert model.count_params() == in_all
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == trainable


@pytest.mark.parametrize("name", MODELS)
def test_model_runs_on_the_features_it_was_designed_for(name: str) -> None:
    spec = model_spec(name)
    model = build(name, spec.frontend.shape, 7)
    assert model.input_shape == (None, *spec.frontend.shape)
    assert model.output_shape == (None, 7)
    features = np.random.default_rng(0).standard_normal((3, *spec.frontend.shape)).astype(np.float32)
    scores = np.asarray(model.predict_on_batch(features))
    assert scores.shape == (3, 7)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=0).max() > 0  # it looks at its input


@pytest.mark.parametrize("name", MODELS)
def test_model_gives_what_its_spec_says(name: str) -> None:
    spec = model_spec(name)
    last = build(name, spec.frontend.shape, 7).layers[-1]
    activation = import_keras("the test").activations.serialize(last.activation)
    assert activation == {"logits": "linear", "probabilities": "softmax"}[spec.output]


@pytest.mark.parametrize("name", MODELS)
def test_model_takes_other_features_too(name: str) -> None:
    assert build(name, (98, 40), 3).output_shape == (None, 3)


def test_unknown_model_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="unknown model 'transformer': expected one of ds-cnn, fsdd-cnn"):
        build("transformer", (49, 10), 10)


@pytest.mark.parametrize(("name", "shape"), [("ds-cnn", (49, 10)), ("fsdd-cnn", (64, 64))])
def test_features_have_the_shape_that_the_source_states(name: str, shape: tuple[int, int]) -> None:
    assert model_spec(name).frontend.shape == shape
