"""The WaveNet-like recogniser of a nanodegree notebook on speech recognition by CTC, trained on LibriSpeech.

Dilated causal convolutions with gates, after A. van den Oord et al., "WaveNet: A Generative Model for Raw Audio"
(2016), on 13 MFCCs. With 29 labels:

| key | groups | filters | parameters | best validation loss |
| --- | --- | --- | --- | --- |
| ctc-wavenet | 3 | 128 | 3,738,269 | 123.9; 102.0 when trained on train-clean-100 |
| ctc-wavenet-small | 2 | 64 | 631,453 | 132.8 |
"""

from typing import Any

from edgeasr.card import CtcOutput
from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["WAVENET", "WAVENET_SMALL"]

_KERNEL = 7
_DILATIONS = (1, 2, 4, 8, 16)  # of the blocks in a group


def _build_large(shape: tuple[int | None, int], labels: int) -> Any:
    """Build the notebook's final model. An output frame looks back over 559 frames, 5.6 s."""
    return _network("ctc_wavenet", shape, labels, groups=3, filters=128)


def _build_small(shape: tuple[int | None, int], labels: int) -> Any:
    """Build the notebook's smaller model. An output frame looks back over 373 frames, 3.7 s."""
    return _network("ctc_wavenet_small", shape, labels, groups=2, filters=64)


def _network(name: str, shape: tuple[int | None, int], labels: int, groups: int, filters: int) -> Any:
    from keras import Model, layers

    inputs = layers.Input(shape)
    x = _normalised(inputs, filters, 1)
    skips = []
    for dilation in _DILATIONS * groups:
        skips.append(_gated(x, filters, dilation))
        x = layers.Add()([x, skips[-1]])
    x = _normalised(layers.Add()(skips), filters, 1)
    return Model(inputs, layers.Conv1D(labels, 1)(x), name=name)


def _gated(x: Any, filters: int, dilation: int) -> Any:
    """Apply what a block adds to its input, and to the sum that the output is made from."""
    from keras import layers

    signal = layers.Activation("tanh")(_normalised(x, filters, _KERNEL, dilation))
    gate = layers.Activation("sigmoid")(_normalised(x, filters, _KERNEL, dilation))
    return _normalised(layers.Multiply()([signal, gate]), filters, 1)


def _normalised(x: Any, filters: int, kernel: int, dilation: int = 1) -> Any:
    from keras import layers

    return layers.BatchNormalization()(layers.Conv1D(filters, kernel, padding="causal", dilation_rate=dilation)(x))


# The notebook's 13 MFCCs; 8 s are the longest speech that a model sees at once.
_MFCC = FrontendConfig(
    kind="mfcc", clip_ms=8000.0, window_ms=25.0, hop_ms=10.0, mel_bins=26, mel_high_hz=8000.0, coefficients=13
)

WAVENET = ModelSpec(build=_build_large, frontend=_MFCC, output="logits", ctc=CtcOutput())
WAVENET_SMALL = ModelSpec(build=_build_small, frontend=_MFCC, output="logits", ctc=CtcOutput())
