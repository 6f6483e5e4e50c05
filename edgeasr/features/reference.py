"""The front end by librosa: the reference that the others are tested against. Host only."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.features.config import FrontendConfig
from edgeasr.packages import require

__all__ = ["reference_features"]


def reference_features(audio: NDArray[np.floating], config: FrontendConfig) -> NDArray[np.float32]:
    """Compute the features of a clip with librosa.

    librosa centres the window in the FFT; the signal is shifted by as much, so that frame k starts at sample k * hop.

    Args:
        audio: float [samples].
        config: the front end.

    Returns:
        float32 [frames, bins].
    """
    librosa = require("librosa", "train", "the reference front end")
    margin = config.fft_size - config.window_samples
    padded = np.pad(audio.astype(np.float64), (margin // 2, margin - margin // 2))
    magnitude = np.abs(
        librosa.stft(
            padded,
            n_fft=config.fft_size,
            hop_length=config.hop_samples,
            win_length=config.window_samples,
            window="hann",
            center=False,
        )
    )
    if config.kind == "spectrogram":
        features = magnitude
    else:
        features = magnitude**2
        if config.kind != "log-spectrogram":
            filters = librosa.filters.mel(
                sr=config.sample_rate_hz,
                n_fft=config.fft_size,
                n_mels=config.mel_bins,
                fmin=config.mel_low_hz,
                fmax=config.mel_high_hz,
                htk=True,
                norm=None,
                dtype=np.float64,
            )
            features = filters @ features
        features = np.log(np.maximum(features, config.log_floor))
        if config.kind == "mfcc":
            features = librosa.feature.mfcc(S=features, n_mfcc=config.coefficients, dct_type=2, norm="ortho")
    features = features.T[: config.frames_in(len(audio))]
    if config.mean:
        features = (features - np.array(config.mean)) / np.array(config.std)
    return np.asarray(features, np.float32)
