"""The front end as a part of a Keras model: raw audio in, so that the exported file needs no front end outside."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ConfigError
from edgeasr.features.config import FrontendConfig
from edgeasr.features.frontend import dct_matrix, mel_matrix
from edgeasr.packages import import_keras

__all__ = ["FOURIER", "NAME", "frontend_layer", "samples_config", "with_frontend"]

NAME = "frontend"  # of the layer; the names of all operations inside begin with it
FOURIER = "fourier"  # of the convolution inside, whose kernel and strides are window and hop


def samples_config(config: FrontendConfig) -> FrontendConfig:
    """Give the front end that is left outside of a model which has this one inside: sound of the same rate and length.

    Example:
        >>> samples_config(FrontendConfig()).shape
        (16000, 1)
    """
    sample_ms = 1000 / config.sample_rate_hz
    return replace(config, kind="samples", window_ms=sample_ms, hop_ms=sample_ms, fft_size=1, mean=(), std=())


def with_frontend(model: Any, config: FrontendConfig) -> Any:
    """Put the front end before a Keras model.

    Args:
        model: Keras model that takes one clip's features, in any shape that holds [frames, bins] in their order.
        config: its front end.

    Returns:
        A Keras model: float32 audio [batch, clip_samples, 1], named `audio`, in; what `model` gives out.

    Raises:
        ConfigError: the front end is of a kind that cannot be made of standard layers.

    Example:
        >>> with_frontend(model, bundle.manifest.frontend).input_shape  # doctest: +SKIP
        (None, 16000, 1)
    """
    keras = import_keras("the front end as a layer")
    audio = keras.Input(samples_config(config).shape, name="audio")
    features = frontend_layer(config)(audio)
    shape = tuple(-1 if size is None else size for size in model.input_shape[1:])
    if len(shape) != len(config.shape):
        features = keras.layers.Reshape(shape, name=f"{NAME}_shape")(features)
    return keras.Model(audio, model(features), name=model.name)


def frontend_layer(config: FrontendConfig) -> Any:
    """Build the front end of standard Keras layers, so that a model that has it needs no code of ours to be loaded.

    The discrete Fourier transform is a strided convolution, whose kernels are the window times cosines and sines; the
    mel filters and the DCT are matrix products: converters know all of these. Constants are computed in double
    precision, features in single. That shows in bands that are far quieter than others of the same frame, where the
    power is near `log_floor`.

    Args:
        config: the front end.

    Returns:
        A Keras layer: float32 audio [batch, samples, 1] in, float32 features [batch, frames, bins] out.

    Raises:
        ConfigError: the front end is of a kind that computes in integers, or is inside already.
    """
    if config.kind in ("micro", "samples"):
        raise ConfigError(f"the front end {config.kind!r} cannot be put into a model: expected one of the other kinds")
    keras = import_keras("the front end as a layer")
    layers, ops = keras.layers, keras.ops
    constants: list[NDArray[np.floating]] = []

    def times(x: Any, matrix: NDArray[np.float64], name: str) -> Any:
        constants.append(matrix)
        return layers.Dense(matrix.shape[1], use_bias=False, name=name)(x)

    mel = mel_matrix(config) if config.kind in ("log-mel", "mfcc") else None
    # no filter reaches above this bin of the FFT
    bins = config.fft_size // 2 + 1 if mel is None else 1 + np.flatnonzero(mel.any(axis=1)).max(initial=0)
    audio = keras.Input((None, 1), name="audio")
    constants.append(_fourier_kernels(config, bins))
    x = layers.Conv1D(2 * bins, config.window_samples, config.hop_samples, use_bias=False, name=FOURIER)(audio)
    x = ops.square(x)
    x = x[..., :bins] + x[..., bins:]
    if mel is not None:
        x = times(x, mel[:bins], "mel")
    x = ops.sqrt(x) if config.kind == "spectrogram" else ops.log(ops.maximum(x, config.log_floor))
    if config.kind == "mfcc":
        x = times(x, dct_matrix(config.mel_bins, config.coefficients), "dct")
    if config.mean:
        std = np.array(config.std)
        x = layers.Rescaling((1 / std).tolist(), (-np.array(config.mean) / std).tolist(), name="normalise")(x)
    layer = keras.Model(audio, x, name=NAME)
    layer.set_weights(constants)
    layer.trainable = False
    return layer


def _fourier_kernels(config: FrontendConfig, bins: int) -> NDArray[np.float64]:
    """Give the real and imaginary parts of the windowed Fourier transform: float64 [window, 1, 2 * bins]."""
    n, window = np.arange(config.window_samples), np.hanning(config.window_samples + 1)[:-1]  # periodic
    # exact, unlike the cosine of a large angle
    turns = n[:, None] * np.arange(bins) % config.fft_size / config.fft_size
    waves = np.concatenate([np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)], axis=1)
    kernels: NDArray[np.float64] = (window[:, None] * waves)[:, None]
    return kernels
