"""Models of a school essay that compares a CNN with an RNN on the Free Spoken Digit Dataset (2021)."""

from typing import Any

from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["FSDD_CNN"]


def _build_cnn(shape: tuple[int, int], labels: int) -> Any:
    """Build the essay's CNN.

    Conv2D(64, 3 x 3, relu) and max pooling three times, Conv2D(64, 3 x 3, relu), Dense(64, relu), Dense(labels):
    177,674 parameters on 64 x 64 features and 10 labels. The essay trained it with Adam in batches of 32 for 24 epochs
    on spectrogram images and reports 96.67 % on 300 test clips.
    """
    from keras import Sequential, layers

    stack: list[Any] = []
    for _ in range(3):
        stack += [layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D()]
    stack += [
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(labels),
    ]
    return Sequential([layers.Input(shape), layers.Reshape((*shape, 1)), *stack], name="fsdd_cnn")


# The essay's 64 x 64 images of spectrograms, as a front end that a device can compute: 64 mel bands in 64 frames.
FSDD_CNN = ModelSpec(
    build=_build_cnn,
    frontend=FrontendConfig(mel_bins=64, window_ms=32.0, hop_ms=16.0, clip_ms=1040.0),
    output="logits",
)
