"""A CNN with attention for spoken digits, of a university assignment (2023), and the attention blocks themselves.

The blocks are functions of Keras tensors made of standard layers: they go into any convolutional model, and a model
that has them needs no code of ours to be loaded or converted.
"""

from collections.abc import Callable
from typing import Any

from edgeasr.features.config import FrontendConfig
from edgeasr.models.spec import ModelSpec

__all__ = ["ATTENTION_CNN", "PLAIN_CNN", "QKV_CNN", "spatial_attention", "time_attention"]

_Block = Callable[[Any], Any]


def spatial_attention(features: Any) -> Any:
    """Weight every place of a feature map, by the assignment's block: Conv2D(1, 3 x 3, sigmoid), multiplied back on.

    9 parameters a channel, and one.

    Args:
        features: Keras tensor [batch, rows, columns, channels], as a convolution gives it.

    Returns:
        Keras tensor of the same shape.

    Example:
        >>> import keras
        >>> inputs = keras.Input((28, 28, 8))
        >>> keras.Model(inputs, spatial_attention(inputs)).count_params()
        73
    """
    from keras import layers

    weights = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="spatial_attention")(features)
    return layers.Multiply()([features, weights])


def time_attention(features: Any, dimensions: int = 32) -> Any:
    """Add to every row of a feature map, a moment in time, what it finds in the other rows.

    One head of scaled dot-product attention (A. Vaswani et al., "Attention Is All You Need", 2017, section 3.2.1). The
    query, key and value of a row are projections of all its columns and channels; the result is projected back and
    added. Between rows, not between single places: of these a spoken digit has 24,638, whose attention matrix
    would take 2.4 GB.

    Args:
        features: Keras tensor [batch, rows, columns, channels], of a known size.
        dimensions: of query, key and value.

    Returns:
        Keras tensor of the same shape.
    """
    from keras import layers

    _, rows, columns, channels = features.shape
    frames = layers.Reshape((rows, columns * channels))(features)
    query, key, value = (layers.Dense(dimensions, name=name)(frames) for name in ("query", "key", "value"))
    found = layers.Attention()([layers.Rescaling(dimensions**-0.5)(query), value, key])
    found = layers.Dense(columns * channels, name="attended")(found)
    return layers.Add()([features, layers.Reshape((rows, columns, channels))(found)])


def _build_attention(shape: tuple[int, int], labels: int) -> Any:
    """Build the network with spatial attention after its convolution.

    On 10 labels 25,230,283 parameters for spoken digits (391 x 257), where the assignment reports 84.7 %, and 174,027
    for MNIST images (28 x 28), 98.5 %.
    """
    return _network("attention_cnn", shape, labels, after_convolution=spatial_attention)


def _build_plain(shape: tuple[int, int], labels: int) -> Any:
    """Build the same network without attention, which the assignment compares it with.

    On 10 labels 25,229,994 parameters for spoken digits (391 x 257), where the assignment reports 81.0 %, and 173,738
    for MNIST images (28 x 28), 98.6 %.
    """
    return _network("attention_cnn_plain", shape, labels)


def _build_qkv(shape: tuple[int, int], labels: int) -> Any:
    """Build the network with query/key/value attention after its pooling, the assignment's own next step.

    Ours, and so no figures of the assignment: 25,754,346 parameters on 391 x 257 features and 10 labels.
    """
    return _network("attention_cnn_qkv", shape, labels, after_pooling=time_attention)


def _nothing(features: Any) -> Any:
    return features


def _network(
    name: str,
    shape: tuple[int, int],
    labels: int,
    after_convolution: _Block = _nothing,
    after_pooling: _Block = _nothing,
) -> Any:
    """Build Conv2D(32, 3 x 3, relu), max pooling, Dropout(0.2), Dense(32, relu), Dense(labels), with a block within."""
    from keras import Model, layers

    inputs = layers.Input(shape)
    x = layers.Reshape((*shape, 1))(inputs)
    x = after_convolution(layers.Conv2D(32, 3, activation="relu")(x))
    x = after_pooling(layers.MaxPooling2D()(x))
    x = layers.Flatten()(layers.Dropout(0.2)(x))
    x = layers.Dense(32, activation="relu")(x)
    return Model(inputs, layers.Dense(labels)(x), name=name)


# 12,800 samples and the short-time Fourier transform of the assignment: 391 frames, 257 bins.
_STFT = FrontendConfig(kind="spectrogram", clip_ms=800.0, window_ms=20.0, hop_ms=2.0, fft_size=512)

ATTENTION_CNN = ModelSpec(build=_build_attention, frontend=_STFT, output="logits")
PLAIN_CNN = ModelSpec(build=_build_plain, frontend=_STFT, output="logits")
QKV_CNN = ModelSpec(build=_build_qkv, frontend=_STFT, output="logits")
