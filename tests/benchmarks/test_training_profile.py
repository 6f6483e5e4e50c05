"""The profile of a training, on a few clips."""

import pytest

import training_profile
from edgeasr.data.augment import AugmentConfig
from edgeasr.train.config import TrainConfig

pytest.importorskip("keras")
pytest.importorskip("espeakng_loader")


def test_profile_times_both_kinds_of_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = AugmentConfig(background_fraction=0.0, noise_probability=0.0)
    config = TrainConfig("ds-cnn", ("synthetic:yes,no",), batch_size=10, limit=20, augment=quiet)
    training_profile.profile(config, rounds=2)
    come, made, share = capsys.readouterr().out.splitlines()
    assert come.startswith("batches as they come: ")
    assert made.startswith("batches made before: ")
    assert made.endswith(" clips/s")
    assert share.startswith("the model's own share of a step: ")
