"""What a quantisation scheme is, and the registry of those that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgeasr.errors import ConfigError
from edgeasr.registry import resolve
from edgeasr_export.calibration import Ranges

__all__ = ["SCHEMES", "Plan", "Scheme", "scheme"]

SCHEMES: Mapping[str, str] = {
    "float32": "edgeasr_export.schemes.float32:FLOAT32",
    "float16": "edgeasr_export.schemes.float16:FLOAT16",
    "dynamic": "edgeasr_export.schemes.dynamic:DYNAMIC",
    "int8": "edgeasr_export.schemes.int8:INT8",
    "int16x8": "edgeasr_export.schemes.int16x8:INT16X8",
    "int8-weights": "edgeasr_export.schemes.weights:INT8_WEIGHTS",
    "int4-weights": "edgeasr_export.schemes.weights:INT4_WEIGHTS",
}


@dataclass(frozen=True)
class Plan:
    """What a scheme is told about one file.

    Attributes:
        ranges: of the activations, for a scheme that quantises them; empty for the others.
        keep_float: first outputs of the operators that stay float, and inputs and outputs of the file that do.
        per_tensor: one scale for each weight tensor.
    """

    ranges: Ranges = field(default_factory=dict)
    keep_float: tuple[str, ...] = ()
    per_tensor: bool = False


@dataclass(frozen=True)
class Scheme:
    """A quantisation scheme.

    Attributes:
        quantise: by format, a function that makes a file of this scheme out of a float32 one: (source, target, plan).
        min_agreement: share of the labels, or characters, of the original that must be given too.
        max_error: largest difference of a score from the original's, where the scheme promises one.
        weight_bits: of the weights; None where they stay float.
        activation_bits: of activations that need a range; None where they stay float or are quantised as they come.
    """

    quantise: Mapping[str, Callable[[Path, Path, Plan], None]]
    min_agreement: float
    max_error: float | None = None
    weight_bits: int | None = None
    activation_bits: int | None = None

    @property
    def calibrated(self) -> bool:
        """Whether it needs the ranges of the activations."""
        return self.activation_bits is not None

    @property
    def coarse(self) -> bool:
        """Whether activations have so few bits that what a recurrent layer sums up over a clip must stay float."""
        return self.activation_bits == 8


def scheme(name: str, format: str | None = None) -> Scheme:
    """Look up a scheme.

    Args:
        name: key of `SCHEMES`.
        format: key of `EXPORTERS` that it is wanted for.

    Raises:
        ConfigError: there is none of this name, or not for this format.
    """
    found: Scheme = resolve(SCHEMES, name, "scheme")
    if format is not None and format not in found.quantise:
        raise ConfigError(f"{name} does not exist for {format}: pass --format {' or '.join(found.quantise)}")
    return found
