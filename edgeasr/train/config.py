"""The settings of a training."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from edgeasr.data.augment import AugmentConfig
from edgeasr.errors import ConfigError
from edgeasr.train.wake import WakeConfig

__all__ = ["OptimizerName", "Schedule", "TrainConfig"]

OptimizerName = Literal["adam", "sgd"]
Schedule = Literal["cosine", "constant"]


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained; the weights of the best epoch are kept.

    Attributes:
        model: key of `MODELS`.
        data: data sets, `NAME` or `NAME:PATH`; their labels are joined.
        epochs: passes over the training split.
        batch_size: clips in a step.
        learning_rate: at the start.
        schedule: `cosine` lets the learning rate fall to zero along a cosine, `constant` leaves it.
        warmup_epochs: epochs over which the learning rate rises to its start.
        optimizer: Adam, or stochastic gradient descent.
        momentum: of `sgd`.
        nesterov: whether that momentum is Nesterov's.
        weight_decay: share of each weight taken off in a step, times the learning rate.
        clip_norm: largest norm of the gradient of a step; longer ones are shortened; 0 leaves them.
        patience: stop after so many epochs without a better one on the dev split; 0 never stops early.
        start_from: bundle whose weights the layers start from, as far as they are alike; empty for random ones.
        seed: of the initial weights, the order and the augmentation; the same seed gives the same model.
        limit: use at most so many clips of the training split; 0 uses all.
        leave_out: a speaker who is kept out of training and makes the test split.
        options: of the architecture, such as `{dense_activation = "tanh"}`; its builder names them.
        frontend: settings of the front end that differ from those the model was designed for.
        augment: how training clips are varied.
        wake: what to spot in streams; None to tell clips apart, or to transcribe them.
    """

    model: str
    data: tuple[str, ...]
    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    warmup_epochs: int = 0
    optimizer: OptimizerName = "adam"
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    patience: int = 0
    start_from: str = ""
    seed: int = 0
    limit: int = 0
    leave_out: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    frontend: dict[str, Any] | None = None
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    wake: WakeConfig | None = None

    def __post_init__(self) -> None:
        least = {"epochs": 1, "batch_size": 1, "patience": 0, "seed": 0, "limit": 0, "warmup_epochs": 0}
        for name, bound in {**least, "weight_decay": 0, "clip_norm": 0}.items():
            if not bound <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name} must be at least {bound}, got {getattr(self, name)}")
        for name, hint in (("optimizer", OptimizerName), ("schedule", Schedule)):
            if getattr(self, name) not in get_args(hint):
                raise ConfigError(f"{name} must be one of {', '.join(get_args(hint))}, got {getattr(self, name)!r}")
        if self.warmup_epochs and (self.schedule == "constant" or self.warmup_epochs >= self.epochs):
            raise ConfigError(
                f"warmup_epochs must be below epochs = {self.epochs} and belongs to the schedule cosine, "
                f"got {self.warmup_epochs} with {self.schedule}"
            )
        if self.seed >= 2**32:
            raise ConfigError(f"seed must be below 2^32, got {self.seed}")
        if not 0 < self.learning_rate < math.inf:
            raise ConfigError(f"learning_rate must be positive, got {self.learning_rate}")
        if not 0 <= self.momentum < 1:
            raise ConfigError(f"momentum must lie in 0 to 1, got {self.momentum}")
        if self.optimizer != "sgd" and (self.momentum or self.nesterov):
            raise ConfigError(f"momentum and nesterov belong to the optimizer sgd, got {self.optimizer}")
        if not self.data:
            raise ConfigError("data must name at least one data set")
