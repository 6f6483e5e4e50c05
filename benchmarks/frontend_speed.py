"""Measure how fast the NumPy front end turns a second of audio into log-mel, against librosa.

Both take turns in the same rounds, on the same float32 audio with the same settings, for the same 49 frames
(so `center=False`). librosa is called as its users call it, `librosa.feature.melspectrogram` and a
logarithm, which makes its mel filters anew each time; ours are made once. One JSON object on stdout.

    python benchmarks/frontend_speed.py
"""

import json
from typing import Any

import librosa
import numpy as np

from edgeasr.features import Frontend, FrontendConfig
from edgeasr_bench.inputs import noise
from edgeasr_bench.latency import Workload, time_in_turns
from edgeasr_bench.stats import latency_us, speed_ratio

SECONDS = 5.0  # for each


def main() -> None:
    """Time both front ends and print the ratio."""
    config = FrontendConfig()
    clips = noise(config)

    def with_librosa(audio: Any) -> Any:
        power = librosa.feature.melspectrogram(
            y=audio,
            sr=config.sample_rate_hz,
            n_fft=config.fft_size,
            hop_length=config.hop_samples,
            win_length=config.window_samples,
            center=False,
            power=2.0,
            n_mels=config.mel_bins,
            fmin=config.mel_low_hz,
            fmax=config.mel_high_hz,
            htk=True,
            norm=None,
        )
        return np.log(np.maximum(power, config.log_floor))

    ours, theirs = time_in_turns([Workload(Frontend(config), clips), Workload(with_librosa, clips)], SECONDS)
    ratio = speed_ratio("librosa", theirs.medians_ns, ours.medians_ns)
    result = {
        "audio_ms": config.clip_ms,
        "librosa_version": librosa.__version__,
        "numpy_version": np.__version__,
        "edgeasr_us": latency_us(ours.samples_ns).p50,
        "librosa_us": latency_us(theirs.samples_ns).p50,
        "times_faster": {"median": ratio.median, "low": ratio.low, "high": ratio.high},
        "rounds": len(ours.rounds),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
