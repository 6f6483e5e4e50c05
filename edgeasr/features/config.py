"""The specification of the front end: every implementation (librosa, NumPy, Keras, C) follows this one dataclass."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from edgeasr.errors import ConfigError

__all__ = ["FeatureKind", "FrontendConfig"]

FeatureKind = Literal["log-mel", "mfcc", "spectrogram", "log-spectrogram", "micro", "samples"]


@dataclass(frozen=True)
class FrontendConfig:
    """How a clip of sound becomes the features [frames, bins] that a model takes.

    The steps: cut the signal into windows of `window_ms` every `hop_ms`, multiply by a periodic Hann window, zero-pad
    to `fft_size`, take the magnitude (`spectrogram`) or the power of the spectrum; for `log-mel` sum the power in
    `mel_bins` triangular HTK mel filters of unit height, for all kinds but `spectrogram` take
    `ln(max(power, log_floor))`; for `mfcc` keep the first `coefficients` of the orthonormal DCT-II of the log-mel.
    Last, `(x - mean) / std` per bin, where these are given.

    `micro` is another front end, that of microWakeWord and TensorFlow Lite Micro's micro_speech, in integers, with
    noise reduction and gain control, which a stream goes on adapting: `edgeasr.features.micro` says how it computes.
    Its features lie in 0 to about 27 and are not normalised.

    `samples` is the sound itself, of a model that has its front end inside: each frame is one sample, and window, hop
    and `fft_size` are 1.

    Attributes:
        kind: which of the features.
        sample_rate_hz: rate of the audio; anything else is resampled before.
        clip_ms: length of audio that the model sees at once.
        window_ms: analysis window.
        hop_ms: step between windows.
        fft_size: FFT length in samples, at least the window.
        mel_bins: number of mel filters (`log-mel`, `mfcc`).
        mel_low_hz, mel_high_hz: range of the filters.
        coefficients: number of cepstral coefficients (`mfcc`).
        log_floor: smallest power before the logarithm.
        mean, std: per-bin normalisation, empty for none; set from the training data by `edgeasr train`.
    """

    kind: FeatureKind = "log-mel"
    sample_rate_hz: int = 16000
    clip_ms: float = 1000.0
    window_ms: float = 30.0
    hop_ms: float = 20.0
    fft_size: int = 512
    mel_bins: int = 40
    mel_low_hz: float = 20.0
    mel_high_hz: float = 4000.0
    coefficients: int = 10
    log_floor: float = 1e-6
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, float) and not math.isfinite(number):
                    raise ConfigError(f"front end: {name} must be finite, got {number}")
        kinds = get_args(FeatureKind)
        checks = (
            (self.kind in kinds, f"kind must be one of {', '.join(kinds)}, got {self.kind!r}"),
            (self.sample_rate_hz > 0, f"sample_rate_hz must be positive, got {self.sample_rate_hz}"),
            (
                0 < self.window_samples <= self.fft_size,
                f"window_ms must give 1 to fft_size = {self.fft_size} samples, got {self.window_samples}",
            ),
            (
                0 < self.hop_samples <= self.window_samples,
                f"hop_ms must give 1 to {self.window_samples} samples, the window, got {self.hop_samples}",
            ),
            (
                self.clip_samples >= self.window_samples,
                f"clip_ms must be at least window_ms, got {self.clip_ms} < {self.window_ms}",
            ),
            (
                0 <= self.mel_low_hz < self.mel_high_hz <= self.sample_rate_hz / 2,
                f"mel range must lie in 0 to {self.sample_rate_hz / 2} Hz, got {self.mel_low_hz} to {self.mel_high_hz}",
            ),
            (self.mel_bins > 0, f"mel_bins must be positive, got {self.mel_bins}"),
            (
                0 < self.coefficients <= self.mel_bins or self.kind != "mfcc",
                f"coefficients must lie in 1 to mel_bins = {self.mel_bins}, got {self.coefficients}",
            ),
            (
                self.kind != "micro"
                or (self.window_samples > 256 and self.fft_size == 512 and self.mel_high_hz < self.sample_rate_hz / 2),
                "micro expects fft_size = 512, a window of over 256 samples and mel_high_hz below half the sample rate",
            ),
            (
                self.kind != "samples" or self.window_samples == self.fft_size == 1,
                f"samples expects a window and fft_size of 1 sample, got {self.window_samples} and {self.fft_size}",
            ),
            (self.kind != "micro" or not self.mean, "micro is not normalised: leave mean and std out"),
            (self.log_floor > 0, f"log_floor must be positive, got {self.log_floor}"),
            (
                len(self.mean) == len(self.std) and len(self.mean) in (0, self.bins),
                f"mean and std must hold {self.bins} values each or none, got {len(self.mean)} and {len(self.std)}",
            ),
            (all(value > 0 for value in self.std), "std must be positive in every bin"),
        )
        for fine, complaint in checks:
            if not fine:
                raise ConfigError(f"front end: {complaint}")

    @property
    def window_samples(self) -> int:
        """Samples in an analysis window."""
        return self._samples(self.window_ms)

    @property
    def hop_samples(self) -> int:
        """Samples from one frame to the next."""
        return self._samples(self.hop_ms)

    @property
    def clip_samples(self) -> int:
        """Samples of audio in one model input."""
        return self._samples(self.clip_ms)

    @property
    def frames(self) -> int:
        """Frames in one model input."""
        return self.frames_in(self.clip_samples)

    @property
    def bins(self) -> int:
        """Values in one frame."""
        return {"log-mel": self.mel_bins, "mfcc": self.coefficients, "micro": self.mel_bins}.get(
            self.kind, self.fft_size // 2 + 1
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of one model input: (frames, bins)."""
        return self.frames, self.bins

    def frames_in(self, samples: int) -> int:
        """Count the whole frames in `samples` samples."""
        return max(0, 1 + (samples - self.window_samples) // self.hop_samples)

    def _samples(self, duration_ms: float) -> int:
        return round(duration_ms * self.sample_rate_hz / 1000)
