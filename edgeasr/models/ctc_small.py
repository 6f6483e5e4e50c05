"""A small recogniser of our own, for a limited vocabulary on a device."""

from typing import Any

from edgeasr.card import CtcOutput
from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["CTC_SMALL"]

_FILTERS = 128
_KERNEL = 5
_DILATIONS = (1, 2, 4, 1, 2, 4, 1, 2)
_STRIDE = 4


def _build(shape: tuple[int | None, int], labels: int) -> Any:
    """Build a residual network of 1-D convolutions: 781,981 parameters, 20 M multiply-accumulates a second of speech.

    Two causal convolutions of stride 2 bring the frames of 10 ms to 40 ms. Eight blocks follow: a convolution of 5
    frames, dilated by 1, 2, 4, 1, 2, 4, 1, 2, with batch norm, ReLU and dropout, added to its input. Every output
    frame sees 1.36 s of what follows it. Convolutions, additions and nothing else, so that full int8 needs no special
    kernels.
    """
    from keras import Input, Model, layers

    def convolved(x: Any, kernel: int, padding: str, **how: int) -> Any:
        x = layers.Conv1D(_FILTERS, kernel, padding=padding, use_bias=False, **how)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))

    inputs = Input(shape)
    x = convolved(inputs, 7, "causal", strides=2)
    x = convolved(x, 5, "causal", strides=_STRIDE // 2)
    for dilation in _DILATIONS:
        x = layers.Add()([x, layers.Dropout(0.1)(convolved(x, _KERNEL, "same", dilation_rate=dilation))])
    return Model(inputs, layers.Conv1D(labels, 1)(layers.Dropout(0.1)(x)), name="ctc_small")


CTC_SMALL = ModelSpec(
    build=_build,
    frontend=FrontendConfig(
        window_ms=25.0, hop_ms=10.0, clip_ms=8000.0, mel_bins=40, mel_low_hz=60.0, mel_high_hz=7600.0
    ),
    output="logits",
    ctc=CtcOutput(stride=_STRIDE, lookahead=_STRIDE * (_KERNEL // 2) * sum(_DILATIONS)),
)
