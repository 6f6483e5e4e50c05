"""The settings of a training."""

import math
from dataclasses import dataclass, field

from edgeasr.data.augment import AugmentConfig
from edgeasr.errors import ConfigError
from edgeasr.features.config import FrontendConfig

__all__ = ["TrainConfig"]


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained: Adam, a learning rate that falls to zero along a cosine, the best epoch kept.

    Attributes:
        model: key of `MODELS`.
        data: data sets, `NAME` or `NAME:PATH`; their labels are joined.
        epochs: passes over the training split.
        batch_size: clips in a step.
        learning_rate: at the start.
        patience: stop after so many epochs without a better one on the dev split; 0 never stops early.
        seed: of the initial weights, the order and the augmentation; the same seed gives the same model.
        leave_out: a speaker who is kept out of training and makes the test split.
        frontend: the features; by default those that the model was designed for.
        augment: how training clips are varied.
    """

    model: str
    data: tuple[str, ...]
    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    patience: int = 0
    seed: int = 0
    leave_out: str | None = None
    frontend: FrontendConfig | None = None
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.seed >= 2**32:
            raise ConfigError(f"seed must be below 2^32, got {self.seed}")
        if not 0 < self.learning_rate < math.inf:
            raise ConfigError(f"learning_rate must be positive, got {self.learning_rate}")
        if not self.data:
            raise ConfigError("data must name at least one data set")
