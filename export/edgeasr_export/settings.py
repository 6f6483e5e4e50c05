"""How a bundle is exported: what the command line asks for, checked."""

from dataclasses import dataclass

from edgeasr.errors import ConfigError
from edgeasr_export.calibration import AUTO, METHODS
from edgeasr_export.improve import PASSES

__all__ = ["ExportSettings"]


@dataclass(frozen=True)
class ExportSettings:
    """How to quantise.

    Attributes:
        calibration: how the range of an activation is chosen, a key of `METHODS`, or `AUTO`: the one of `TRIED` whose
            scores come nearest to the float file's on calibration clips.
        keep_float: names of layers that stay float.
        max_drop: in percent of the answers: further layers stay float, the fewest that are found, with which no more
            of them change; None for none.
        per_tensor: one scale for each weight tensor, instead of one for each of its output channels.
        improve: keys of `edgeasr_export.improve.PASSES`: what is done to the weights before they are quantised.
        finetune_epochs: passes over the training data with quantisation simulated; 0 for none.
        streaming: cut the model to take one hop of features and its own state, and not a whole clip.
    """

    calibration: str = AUTO
    keep_float: tuple[str, ...] = ()
    max_drop: float | None = None
    per_tensor: bool = False
    improve: tuple[str, ...] = ()
    finetune_epochs: int = 0
    streaming: bool = False

    def __post_init__(self) -> None:
        methods = (AUTO, *METHODS)
        if self.calibration not in methods:
            raise ConfigError(f"unknown calibration {self.calibration!r}: expected one of {', '.join(methods)}")
        for name in self.improve:
            if name not in PASSES:
                raise ConfigError(f"unknown improvement {name!r}: expected one of {', '.join(PASSES)}")
        if self.max_drop is not None and not 0 <= self.max_drop < 100:
            raise ConfigError(f"max_drop must lie in 0 to 100 (percent), got {self.max_drop}")
