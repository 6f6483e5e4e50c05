"""A small spotter of one or a few wake words."""

from typing import Any

from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["WAKE_CNN"]

_FILTERS = 32
_KERNEL = 5
_STRIDE = 3
_DILATIONS = (1, 1, 2, 2, 4)
_FRAMES = _KERNEL + _STRIDE * (_KERNEL - 1) * sum(_DILATIONS)  # that one output sees
_WINDOW_MS, _HOP_MS = 30.0, 10.0


def _build(shape: tuple[int | None, int], labels: int) -> Any:
    """Build a network of 1-D convolutions, 32,962 parameters for one word, 1.1 M multiply-accumulates a second.

    A convolution of stride 3 brings the frames of 10 ms to 30 ms; five of 5 frames, dilated by 1, 1, 2, 2, 4, follow,
    each with batch norm and ReLU, and a dense layer. Nothing is padded: one output sees 125 frames, 1.27 s. So the
    model of a window and one that goes over minutes of features in one piece are the same, and training needs no
    windows: with open frames the output is [batch, output frames, labels].
    """
    from keras import Sequential, layers

    stack: list[Any] = [layers.Input(shape)]
    for dilation in (None, *_DILATIONS):
        how = {"strides": _STRIDE} if dilation is None else {"dilation_rate": dilation}
        stack.append(layers.Conv1D(_FILTERS, _KERNEL, use_bias=False, **how))
        stack += [layers.BatchNormalization(momentum=0.95), layers.ReLU()]
    stack += [layers.Dropout(0.1), layers.Conv1D(labels, 1)]
    if shape[0] is not None:
        stack.append(layers.GlobalAveragePooling1D())
    return Sequential(stack, name="wake_cnn")


WAKE_CNN = ModelSpec(
    build=_build,
    frontend=FrontendConfig(
        window_ms=_WINDOW_MS,
        hop_ms=_HOP_MS,
        clip_ms=_WINDOW_MS + (_FRAMES - 1) * _HOP_MS,
        mel_bins=40,
        mel_low_hz=125.0,
        mel_high_hz=7500.0,
    ),
    output="logits",
    stride=_STRIDE,
)
