"""What a model architecture is, and the registry of those that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgeasr.card import OutputKind
from edgeasr.features.config import FrontendConfig
from edgeasr.registry import resolve

__all__ = ["MODELS", "ModelSpec", "build", "model_spec"]

MODELS: Mapping[str, str] = {
    "ds-cnn": "edgeasr.models.ds_cnn:DS_CNN",
    "fsdd-cnn": "edgeasr.models.fsdd:FSDD_CNN",
}


@dataclass(frozen=True)
class ModelSpec:
    """An architecture.

    Attributes:
        build: makes the Keras model from the shape of the features, (frames, bins), and the number of labels.
        frontend: the features that it was designed for.
        output: what its last layer gives.
    """

    build: Callable[[tuple[int, int], int], Any]
    frontend: FrontendConfig
    output: OutputKind


def model_spec(name: str) -> ModelSpec:
    """Look up an architecture.

    Raises:
        ConfigError: there is none of this name.
    """
    spec: ModelSpec = resolve(MODELS, name, "model")
    return spec


def build(name: str, shape: tuple[int, int], labels: int) -> Any:
    """Build a Keras model: input float32 [batch, frames, bins], output float32 [batch, labels].

    Args:
        name: key of `MODELS`.
        shape: (frames, bins) of the features.
        labels: number of labels.

    Raises:
        ConfigError: there is no such model.
    """
    return model_spec(name).build(shape, labels)
