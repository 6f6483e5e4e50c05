"""How a bundle is exported: what the command line asks for, checked."""

from dataclasses import dataclass

from edgeasr.errors import ConfigError
from edgeasr_export.calibration import METHODS

__all__ = ["ExportSettings"]


@dataclass(frozen=True)
class ExportSettings:
    """How to quantise.

    Attributes:
        calibration: how the range of an activation is chosen, a key of `METHODS`.
        keep_float: names of layers that stay float in schemes with quantised activations.
        max_drop: in percent of the answers: further layers stay float, the fewest that are found, until no more of them change;
            None for none.
        per_tensor: one scale for each weight tensor, instead of one for each of its output channels.
        streaming: cut the model to take one hop of features and its own state, and not a whole clip.
    """

    calibration: str = "minmax"
    keep_float: tuple[str, ...] = ()
    max_drop: float | None = None
    per_tensor: bool = False
    streaming: bool = False

    def __post_init__(self) -> None:
        if self.calibration not in METHODS:
            raise ConfigError(f"unknown calibration {self.calibration!r}: expected one of {', '.join(METHODS)}")
        if self.max_drop is not None and not 0 <= self.max_drop < 100:
            raise ConfigError(f"max_drop must lie in 0 to 100 (percent), got {self.max_drop}")
