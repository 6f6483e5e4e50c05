"""What a model architecture is, and the registry of those that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from edgeasr.card import CtcOutput, OutputKind
from edgeasr.errors import ConfigError
from edgeasr.features.config import FrontendConfig
from edgeasr.registry import resolve

__all__ = ["MODELS", "ModelSpec", "build", "check_options", "model_spec"]

MODELS: Mapping[str, str] = {
    "ds-cnn": "edgeasr.models.ds_cnn:DS_CNN",
    "fsdd-cnn": "edgeasr.models.fsdd:FSDD_CNN",
    "fsdd-lstm": "edgeasr.models.fsdd:FSDD_LSTM",
    "voicemnist-mlp": "edgeasr.models.voicemnist:MLP",
    "voicemnist-cnn1": "edgeasr.models.voicemnist:CNN1",
    "voicemnist-cnn2": "edgeasr.models.voicemnist:CNN2",
    "voicemnist-large": "edgeasr.models.voicemnist:LARGE",
    "voicemnist-cnn": "edgeasr.models.voicemnist:CNN",
    "attention-cnn": "edgeasr.models.attention:ATTENTION_CNN",
    "attention-cnn-plain": "edgeasr.models.attention:PLAIN_CNN",
    "attention-cnn-qkv": "edgeasr.models.attention:QKV_CNN",
    "ctc-gru": "edgeasr.models.ctc:GRU",
    "ctc-gru-dense": "edgeasr.models.ctc:GRU_DENSE",
    "ctc-cnn-rnn": "edgeasr.models.ctc:CNN_RNN",
    "ctc-deep-rnn": "edgeasr.models.ctc:DEEP_RNN",
    "ctc-birnn": "edgeasr.models.ctc:BIRNN",
    "ctc-small": "edgeasr.models.ctc_small:CTC_SMALL",
    "ctc-wavenet": "edgeasr.models.wavenet:WAVENET",
    "ctc-wavenet-small": "edgeasr.models.wavenet:WAVENET_SMALL",
    "wake-cnn": "edgeasr.models.wake_cnn:WAKE_CNN",
}


@dataclass(frozen=True)
class ModelSpec:
    """An architecture.

    Attributes:
        build: makes the Keras model from the shape of the features, (frames, bins), the number of labels, and options
            of its own by keyword. Frames are None for a CTC model, which takes clips of any length.
        frontend: the features that it was designed for.
        output: what its last layer gives.
        ctc: of a CTC model, how its output frames follow the input; None for a classifier.
        stride: of a classifier that can be built with open frames too, and then gives [batch, output frames, labels]:
            frames from one output to the next; None for others.
    """

    build: Callable[..., Any]
    frontend: FrontendConfig
    output: OutputKind
    ctc: CtcOutput | None = None
    stride: int | None = None


def model_spec(name: str) -> ModelSpec:
    """Look up an architecture.

    Raises:
        ConfigError: there is none of this name.
    """
    spec: ModelSpec = resolve(MODELS, name, "model")
    return spec


def build(name: str, shape: tuple[int | None, int], labels: int, options: Mapping[str, Any] | None = None) -> Any:
    """Build a Keras model: input float32 [batch, frames, bins], output float32 [batch, labels].

    The output of a CTC model is [batch, output frames, labels].

    Args:
        name: key of `MODELS`.
        shape: (frames, bins) of the features; frames may be None for a CTC model.
        labels: number of labels.
        options: of this architecture, such as an activation; its builder names them.

    Raises:
        ConfigError: there is no such model, it has no such option, or does not fit the shape.
    """
    options = options or {}
    check_options(name, options)
    try:
        return model_spec(name).build(shape, labels, **options)
    except ValueError as error:  # Keras' own: features too small for the convolutions, an activation that it lacks
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(
            f"{name} cannot be built for features of shape {shape} with {dict(options)}: {reason}"
        ) from error


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Check that an architecture has these options.

    Raises:
        ConfigError: there is no such model, or it has no such option.
    """
    known = [
        parameter for parameter in signature(model_spec(name).build).parameters if parameter not in ("shape", "labels")
    ]
    for option in options:
        if option not in known:
            raise ConfigError(f"{name} has no option {option!r}: expected one of {', '.join(known) or '(none)'}")
