"""The normalisation that training finds for a front end."""

import dataclasses

import numpy as np

from edgeasr.features import MICRO, FrontendConfig
from edgeasr.train.corpus import normalised


def test_features_get_mean_0_and_deviation_1_in_each_bin() -> None:
    features = np.random.default_rng(0).normal(3, 2, (20, 49, 40)).astype(np.float32)
    found = normalised(FrontendConfig(), iter(features))
    np.testing.assert_allclose(found.mean, features.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found.std, features.std(axis=(0, 1)), rtol=1e-4)
    assert dataclasses.replace(found, mean=(), std=()) == FrontendConfig()


def test_micro_stays_as_esphome_computes_it() -> None:
    assert normalised(MICRO, iter(np.ones((2, 5, 40), np.float32))) == MICRO
