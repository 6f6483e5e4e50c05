"""The front end in NumPy: whole clips at once, or a stream cut in any way."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.features.config import FrontendConfig
from edgeasr.features.micro import MicroFeatures

__all__ = ["Frontend", "StreamingFrontend", "dct_matrix", "mel_matrix"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Frontend:
    """Turn clips into features, as `FrontendConfig` says.

    Computed in double precision and rounded once at the end: in single precision a quiet band beside a loud one loses
    its digits in the FFT, and the logarithm makes that visible.

    Example:
        >>> frontend = Frontend(FrontendConfig())
        >>> frontend(np.zeros(16000, np.float32)).shape
        (49, 40)
    """

    def __init__(self, config: FrontendConfig) -> None:
        self.config = config
        self.micro = MicroFeatures(config) if config.kind == "micro" else None
        window = np.zeros(config.fft_size)
        window[: config.window_samples] = np.hanning(config.window_samples + 1)[:-1]  # periodic, as librosa's
        self._windows = np.tile(window, (config.frames, 1))  # in rows: NumPy multiplies these faster than one by all
        mel = mel_matrix(config)
        highest = np.flatnonzero(mel.any(axis=1)).max(initial=0)  # no filter reaches above this bin of the FFT
        self._mel = mel[: highest + 1]
        self._dct = dct_matrix(config.mel_bins, config.coefficients)
        self._std = np.array(config.std or 1.0)
        self._mean = np.array(config.mean or 0.0)

    def __call__(self, audio: NDArray[np.floating]) -> F32:
        """Compute the features of whole clips.

        Args:
            audio: float [samples] or [clips, samples], full scale is -1 to 1.

        Returns:
            float32 [frames, bins] or [clips, frames, bins]; samples that fill no whole frame at the end are left out.
        """
        config = self.config
        if config.kind == "samples":
            return audio[..., None].astype(np.float32)
        frames = config.frames_in(audio.shape[-1])
        if frames == 0:
            return np.zeros((*audio.shape[:-1], 0, config.bins), np.float32)
        windows = _windows(np.ascontiguousarray(audio), frames, config)
        if self.micro is None:
            return self._features(windows)
        clips = windows.reshape(-1, frames, config.window_samples)
        features = [self.micro(clip, self.micro.silence()) for clip in clips]
        return np.array(features, np.float32).reshape(*audio.shape[:-1], frames, config.bins)

    def _features(self, windows: NDArray[np.floating]) -> F32:
        config = self.config
        padded = np.empty((*windows.shape[:-1], config.fft_size))
        padded[..., : config.window_samples] = windows
        padded[..., config.window_samples :] = 0
        frames = padded.shape[-2]
        padded *= self._windows[: frames if frames <= len(self._windows) else 1]
        spectrum = np.fft.rfft(padded)
        if config.kind in ("log-mel", "mfcc"):
            spectrum = spectrum[..., : len(self._mel)]
        features: F64 = np.square(spectrum.real)
        features += np.square(spectrum.imag)
        if config.kind in ("log-mel", "mfcc"):
            features = features @ self._mel
        features = np.sqrt(features) if config.kind == "spectrogram" else np.log(np.maximum(features, config.log_floor))
        if config.kind == "mfcc":
            features = features @ self._dct
        if config.mean:
            features = (features - self._mean) / self._std
        return features.astype(np.float32)


class StreamingFrontend:
    """Turn a stream of samples into frames, whatever the size of the chunks it comes in.

    Frames are computed one at a time, so the result does not depend on how the audio was cut; those of `micro`, in
    integers, need not be.
    """

    def __init__(self, config: FrontendConfig) -> None:
        self.config = config
        self._frontend = Frontend(config)
        self.reset()

    def reset(self) -> None:
        """Forget all audio."""
        self._pending = np.zeros(0, np.float32)
        if self._frontend.micro:
            self._noise = self._frontend.micro.silence()

    def __call__(self, samples: NDArray[np.floating]) -> F32:
        """Take the next samples and return the frames that they complete.

        Args:
            samples: float [n], any n.

        Returns:
            float32 [frames, bins], with 0 frames where none is complete yet.
        """
        config = self.config
        if config.kind == "samples":
            return self._frontend(samples)
        audio = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        frames = config.frames_in(len(audio))
        windows = _windows(audio, frames, config)
        if self._frontend.micro:
            features = self._frontend.micro(windows, self._noise)
        else:
            features = np.empty((frames, config.bins), np.float32)
            for frame, window in enumerate(windows):
                features[frame] = self._frontend._features(window[None])
        self._pending = audio[frames * config.hop_samples :].copy()
        return features


def _windows(audio: NDArray[np.floating], frames: int, config: FrontendConfig) -> NDArray[np.floating]:
    """View sound as windows, without a copy: [..., frames, window_samples].

    np.lib.stride_tricks takes 3 us more.
    """
    shape, step = (*audio.shape[:-1], frames, config.window_samples), audio.itemsize
    strides = (*audio.strides[:-1], step * config.hop_samples, step)
    return np.ndarray(shape, audio.dtype, audio, strides=strides) if frames else np.empty(shape, audio.dtype)


def mel_matrix(config: FrontendConfig) -> F64:
    """Build the triangular mel filters: float64 [fft_size // 2 + 1, mel_bins].

    HTK mel scale, 2595 * log10(1 + f / 700), filters of unit height (S. Young et al., The HTK Book, section 5.4).
    """
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (config.mel_low_hz, config.mel_high_hz))
    edges_hz = 700 * (10 ** (np.linspace(low, high, config.mel_bins + 2) / 2595) - 1)
    bins_hz = np.arange(config.fft_size // 2 + 1) * config.sample_rate_hz / config.fft_size
    rising = (bins_hz[:, None] - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - bins_hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def dct_matrix(inputs: int, outputs: int) -> F64:
    """Build the orthonormal DCT-II: float64 [inputs, outputs], so that `x @ matrix` are the first coefficients."""
    k, n = np.arange(outputs), np.arange(inputs)
    matrix: F64 = np.sqrt(2 / inputs) * np.cos(np.pi / inputs * (n[:, None] + 0.5) * k)
    matrix[:, 0] /= np.sqrt(2)
    return matrix
