"""Recurrent models of a nanodegree notebook on speech recognition by CTC, trained on LibriSpeech.

The counts of parameters are the notebook's, for the 161 bins of its spectrogram and 29 labels, 28 characters and the
blank. Losses are its best on validation clips in 20 epochs, by SGD at 0.02 with Nesterov momentum 0.9 and clip norm 5.

Its layers `TimeDistributed(Dense)` are `Dense` here, which does the same; its softmax is left to the loss.
Its WaveNet is in `edgeasr.models.wavenet`.
"""

from typing import Any

from edgeasr.card import CtcOutput
from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["BIRNN", "CNN_RNN", "DEEP_RNN", "GRU", "GRU_DENSE"]


def _build_gru(shape: tuple[int | None, int], labels: int) -> Any:
    """Build model 0: a GRU with a unit for each label, 16,617 parameters; loss 715.2.

    Its logits are those of a tanh, -1 to 1, so no label ever gets more than e^2 = 7.4 times the probability of another.
    """
    from keras import Sequential, layers

    return Sequential([layers.Input(shape), _gru(labels, "tanh")], name="ctc_gru")


def _build_gru_dense(shape: tuple[int | None, int], labels: int) -> Any:
    """Build model 1: GRU(200, relu), batch norm without scale, Dense(labels), 223,629 parameters; loss 139.9."""
    from keras import Sequential, layers

    stack = [_gru(200, "relu"), layers.BatchNormalization(scale=False), layers.Dense(labels)]
    return Sequential([layers.Input(shape), *stack], name="ctc_gru_dense")


def _build_cnn_rnn(shape: tuple[int | None, int], labels: int) -> Any:
    """Build model 2, with half as many frames out as in: 442,029 parameters; loss 128.7.

    Conv1D(200, 11, stride 2, no padding, relu), batch norm, SimpleRNN(200, relu), batch norm, Dense(labels).
    """
    from keras import Sequential, layers

    stack = [
        layers.Conv1D(200, 11, strides=2, activation="relu"),
        layers.BatchNormalization(),
        layers.SimpleRNN(200, activation="relu", return_sequences=True),
        layers.BatchNormalization(),
        layers.Dense(labels),
    ]
    return Sequential([layers.Input(shape), *stack], name="ctc_cnn_rnn")


def _build_deep_rnn(shape: tuple[int | None, int], labels: int) -> Any:
    """Build model 3: SimpleRNN(200) and batch norm, twice, Dense(labels), 160,029 parameters; loss 146.6."""
    from keras import Sequential, layers

    stack: list[Any] = []
    for _ in range(2):
        stack += [layers.SimpleRNN(200, return_sequences=True), layers.BatchNormalization()]
    return Sequential([layers.Input(shape), *stack, layers.Dense(labels)], name="ctc_deep_rnn")


def _build_birnn(shape: tuple[int | None, int], labels: int) -> Any:
    """Build model 4: SimpleRNN(200) in both directions, Dense(labels), 156,429 parameters; loss 147.0."""
    from keras import Sequential, layers

    stack = [layers.Bidirectional(layers.SimpleRNN(200, return_sequences=True)), layers.Dense(labels)]
    return Sequential([layers.Input(shape), *stack], name="ctc_birnn")


def _gru(units: int, activation: str) -> Any:
    """Make a GRU of the notebook's kind: its counts are those of the reset gate before the recurrent product."""
    from keras import layers

    return layers.GRU(units, activation=activation, return_sequences=True, reset_after=False)


# The notebook's windows; 8 s are the longest speech that a model sees at once.
_SPECTROGRAM = FrontendConfig(kind="log-spectrogram", clip_ms=8000.0, window_ms=20.0, hop_ms=10.0, fft_size=320)

GRU = ModelSpec(build=_build_gru, frontend=_SPECTROGRAM, output="logits", ctc=CtcOutput())
GRU_DENSE = ModelSpec(build=_build_gru_dense, frontend=_SPECTROGRAM, output="logits", ctc=CtcOutput())
CNN_RNN = ModelSpec(build=_build_cnn_rnn, frontend=_SPECTROGRAM, output="logits", ctc=CtcOutput(first=11, stride=2))
DEEP_RNN = ModelSpec(build=_build_deep_rnn, frontend=_SPECTROGRAM, output="logits", ctc=CtcOutput())
BIRNN = ModelSpec(build=_build_birnn, frontend=_SPECTROGRAM, output="logits", ctc=CtcOutput(lookahead=None))
