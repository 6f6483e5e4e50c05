"""The learning rate over a training, and what the optimizer is told."""

from dataclasses import replace

import pytest

from edgeasr.errors import ConfigError
from edgeasr.train.config import TrainConfig
from edgeasr.train.optimizer import make_optimizer

CONFIG = TrainConfig("ds-cnn", ("fsdd",), epochs=10, learning_rate=0.1)


def rates(config: TrainConfig) -> list[float]:
    """Give the learning rate at the start of each epoch of five steps, and at the end."""
    rate = make_optimizer(config, steps_per_epoch=5)._learning_rate
    if not callable(rate):
        return [float(rate)] * (config.epochs + 1)
    return [float(rate(5 * epoch)) for epoch in range(config.epochs + 1)]


def test_the_cosine_falls_to_zero() -> None:
    falling = rates(CONFIG)
    assert falling[0] == pytest.approx(0.1)
    assert falling[5] == pytest.approx(0.05)
    assert falling[10] == pytest.approx(0, abs=1e-9)


def test_a_warm_up_rises_to_the_rate_and_ends_as_late() -> None:
    warmed = rates(replace(CONFIG, warmup_epochs=2))
    assert warmed[:3] == pytest.approx([0, 0.05, 0.1])
    assert warmed[10] == pytest.approx(0, abs=1e-9)
    assert max(warmed) == pytest.approx(0.1)


def test_a_constant_rate_stays() -> None:
    assert rates(replace(CONFIG, schedule="constant")) == pytest.approx([0.1] * 11)


def test_the_settings_reach_the_optimizer() -> None:
    config = replace(CONFIG, optimizer="sgd", momentum=0.9, nesterov=True, clip_norm=5.0, weight_decay=0.02)
    optimizer = make_optimizer(config, 5)
    assert type(optimizer).__name__ == "SGD"
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert (optimizer.global_clipnorm, optimizer.weight_decay) == (5.0, 0.02)
    assert make_optimizer(CONFIG, 5).global_clipnorm is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"momentum": 0.9}, "momentum and nesterov belong to the optimizer sgd, got adam"),
        ({"optimizer": "lion"}, "optimizer must be one of adam, sgd, got 'lion'"),
        ({"schedule": "step"}, "schedule must be one of cosine, constant"),
        ({"optimizer": "sgd", "momentum": 1.0}, "momentum must lie in 0 to 1"),
        ({"clip_norm": -1.0}, "clip_norm must be at least 0"),
        ({"weight_decay": float("inf")}, "weight_decay"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(CONFIG, **change)  # type: ignore[arg-type]
