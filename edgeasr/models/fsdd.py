"""Models of a school essay that compares a CNN with an RNN on the Free Spoken Digit Dataset (2021)."""

from typing import Any

from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["FSDD_CNN", "FSDD_LSTM"]


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


def _build_lstm(shape: tuple[int, int], labels: int) -> Any:
    """Build the essay's RNN, of which each frame is a step.

    LSTM(128, relu) twice, the first giving its sequence, Dense(32, relu), Dense(labels), and a dropout of 0.2 after
    each but the last: 234,858 parameters on 64 x 64 features and 10 labels (98,816 + 131,584 + 4,128 + 330). The
    essay trained it with Adam at 1e-3 in batches of 32 for 24 epochs and reports 90.67 % and 84.00 % on 300 test clips.

    Its training is unstable because the relu leaves the cell without a bound. A cell c that is not negative follows
    about c' = f c + i o U c: wherever the gates f, i, o open and the recurrent weights U of the candidate are positive,
    it grows with every step, over 64 steps by powers of ten, and its gradient with it. So it starts from smaller
    recurrent weights here, and is to be trained with normalised features, the gradient clipped to a norm of 1 and a
    learning rate of 5e-4 or less.
    """
    from keras import Sequential, initializers, layers

    def lstm(return_sequences: bool) -> Any:
        small = initializers.Orthogonal(0.3)
        return layers.LSTM(128, "relu", return_sequences=return_sequences, recurrent_initializer=small)

    stack = [
        lstm(return_sequences=True),
        layers.Dropout(0.2),
        lstm(return_sequences=False),
        layers.Dropout(0.2),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(labels),
    ]
    return Sequential([layers.Input(shape), *stack], name="fsdd_lstm")


# The essay's 64 x 64 images of spectrograms, as a front end that a device can compute: 64 mel bands in 64 frames.
_IMAGE = FrontendConfig(mel_bins=64, window_ms=32.0, hop_ms=16.0, clip_ms=1040.0)

FSDD_CNN = ModelSpec(build=_build_cnn, frontend=_IMAGE, output="logits")
FSDD_LSTM = ModelSpec(build=_build_lstm, frontend=_IMAGE, output="logits")
