"""The optimizer that the settings describe."""

from typing import Any

from edgeasr.train.config import TrainConfig

__all__ = ["make_optimizer"]


def make_optimizer(config: TrainConfig, steps_per_epoch: int) -> Any:
    """Make the Keras optimizer of a training, with its learning rate over all steps.

    Args:
        config: the settings.
        steps_per_epoch: batches in an epoch.
    """
    from keras.optimizers import SGD, Adam
    from keras.optimizers.schedules import CosineDecay

    rate: Any = config.learning_rate
    if config.schedule == "cosine":
        warmup = config.warmup_epochs * steps_per_epoch
        rate = CosineDecay(
            0.0 if warmup else rate,
            config.epochs * steps_per_epoch - warmup,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    common = {"global_clipnorm": config.clip_norm or None, "weight_decay": config.weight_decay or None}
    if config.optimizer == "adam":
        optimizer = Adam(rate, **common)
    else:
        optimizer = SGD(rate, momentum=config.momentum, nesterov=config.nesterov, **common)
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
