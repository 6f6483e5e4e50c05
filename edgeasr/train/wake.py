"""The settings of a training that spots words in streams."""

from dataclasses import dataclass

from edgeasr.errors import ConfigError
from edgeasr.spot import SpotterConfig
from edgeasr.spot.decoder import is_keyword

__all__ = ["LISTENING", "WakeConfig"]

LISTENING = SpotterConfig(hop_ms=30, smoothing_ms=120, refractory_ms=1000)
"""How a spotter listens that was trained so; the threshold is chosen for each."""


@dataclass(frozen=True)
class WakeConfig:
    """What to spot, and among what.

    Attributes:
        keywords: labels of the data that are to be spotted; everything else in the data is background.
        speech: folders or zips of background speech; of those with a `manifest.csv` each split its own.
        noise: folder or zip of noise, likewise; empty for noise made by NumPy.
        positives: folder of one's own recordings of the first keyword, to train with; empty for none.
        segments: pieces of sound in an epoch.
        positive_share: share of them in which a keyword is said.
        reverberation: share of them that are heard in a room.
        equaliser_db: largest gain or loss that a microphone may have at some frequencies.
        label_smoothing: share of certainty that is not asked for.
        dev_snr_db: speech to noise in the dev stream.
        miss_rate: share of the keywords that may be missed when false accepts of the dev stream are counted.
    """

    keywords: tuple[str, ...]
    speech: tuple[str, ...] = ()
    noise: str = ""
    positives: str = ""
    segments: int = 2048
    positive_share: float = 0.3
    reverberation: float = 0.4
    equaliser_db: float = 6.0
    label_smoothing: float = 0.01
    dev_snr_db: float = 10.0
    miss_rate: float = 0.05

    def __post_init__(self) -> None:
        if not self.keywords:
            raise ConfigError("wake: keywords must name at least one label to spot")
        for word in self.keywords:
            if not is_keyword(word) or self.keywords.count(word) > 1:
                raise ConfigError(f"wake: keywords must be words that are reported, each once, got {word!r}")
        if self.segments < 1:
            raise ConfigError(f"wake: segments must be at least 1, got {self.segments}")
        if not 0 <= self.equaliser_db <= 60:
            raise ConfigError(f"wake: equaliser_db must lie in 0 to 60, got {self.equaliser_db}")
        if not -100 <= self.dev_snr_db <= 100:
            raise ConfigError(f"wake: dev_snr_db must lie in -100 to 100, got {self.dev_snr_db}")
        for name in ("positive_share", "reverberation", "label_smoothing", "miss_rate"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"wake: {name} must lie in 0 to below 1, got {getattr(self, name)}")
