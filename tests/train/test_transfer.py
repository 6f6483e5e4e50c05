"""Weights of a trained bundle as the start of another training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Bundle
from edgeasr.errors import BundleError, ConfigError
from edgeasr.models import build, model_spec
from edgeasr.train.config import TrainConfig
from edgeasr.train.fit import train
from edgeasr.train.transfer import copy_weights


@pytest.fixture(scope="module")
def digits() -> Bundle:
    return Bundle.open(BUILTIN)


def test_layers_start_from_a_bundle_as_far_as_they_are_alike(digits: Bundle) -> None:
    import keras

    model = build("ds-cnn", model_spec("ds-cnn").frontend.shape, 3)
    fresh = [layer.get_weights() for layer in model.layers if layer.weights]
    copied, layers = copy_weights(digits, model, None)
    assert copied == layers - 1  # all but that of the labels
    theirs = [layer for layer in keras.saving.load_model(digits.model_path, compile=False).layers if layer.weights]
    ours = [layer for layer in model.layers if layer.weights]
    for source, target in zip(theirs[:-1], ours[:-1], strict=True):
        for one, other in zip(source.get_weights(), target.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(fresh[-1], ours[-1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_features_of_another_kind_are_refused(digits: Bundle) -> None:
    frontend = model_spec("ds-cnn").frontend
    model = build("ds-cnn", frontend.shape, 3)
    with pytest.raises(ConfigError, match="digits hears mfcc, this training micro: start from another bundle"):
        copy_weights(digits, model, replace(frontend, kind="micro"))


def test_layers_of_another_architecture_are_refused(digits: Bundle) -> None:
    model = build("wake-cnn", model_spec("wake-cnn").frontend.shape, 2)
    with pytest.raises(ConfigError, match="is a ds-cnn: expected layers like those of wake_cnn"):
        copy_weights(digits, model, None)


def test_a_start_that_is_no_bundle_is_refused_before_the_data_are_read(tmp_path: Path) -> None:
    config = TrainConfig(model="ds-cnn", data=("fsdd:nowhere",), start_from=str(tmp_path / "none"))
    with pytest.raises(BundleError, match="none"):
        train(config, tmp_path / "out")
