"""Services of models whose answers can be foretold."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgeasr.card import Card, CtcOutput
from edgeasr.features import FrontendConfig
from edgeasr.runtime import Runtime
from edgeasr.serve import services as services_module
from edgeasr.serve.services import Services
from edgeasr.spot import SpotterConfig

FRONTEND = FrontendConfig("spectrogram", 16000, clip_ms=200, window_ms=16, hop_ms=10, fft_size=256)
CONFIG = SpotterConfig(hop_ms=20, smoothing_ms=60, threshold=0.7)


class Bands(Runtime):
    """Say where the energy of the newer half of the window lies: nowhere, below or above 4 kHz."""

    name, version, threads = "fake", "fake 1", 1
    card = Card("bands", "float32", ("_silence_", "low", "high"), FRONTEND, "probabilities", "")

    def __init__(self, path, runtime=None, threads=1):
        self.path = path

    def run(self, features):
        newer = features[len(features) // 2 :].mean(axis=0)
        energy = np.array([2.0, newer[:64].sum(), newer[64:].sum()], np.float32)
        return energy / energy.sum()

    def reset(self):
        pass


class Low(Bands):
    """Say how sure it is of energy below 4 kHz."""

    card = Card("low", "float32", ("low", "unknown"), FRONTEND, "probabilities", "")

    def run(self, features):
        return super().run(features)[[1, 0]]


class High(Bands):
    """The same of energy above it."""

    card = Card("high", "float32", ("high", "unknown"), FRONTEND, "probabilities", "")

    def run(self, features):
        return super().run(features)[[2, 0]]


class Letters(Bands):
    """Write "a" for a frame with energy below 4 kHz, "b" above; a blank otherwise."""

    card = Card("letters", "float32", ("a", "b", " ", "_"), FRONTEND, "probabilities", "", ctc=CtcOutput())

    def run(self, features):
        best = np.full(len(features), 3)
        low, high = features[:, :64].sum(axis=1), features[:, 64:].sum(axis=1)
        best[low > 20] = 0
        best[high > 20] = 1
        return np.eye(4, dtype=np.float32)[best]


class WholeLetters(Letters):
    """The same, but it wants to see everything first."""

    card = Card("whole", "float32", ("a", "b", " ", "_"), FRONTEND, "probabilities", "", ctc=CtcOutput(lookahead=None))


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Services]:
    """Give a function that makes services of artefacts by their names, or by the folders they lie in."""
    models = {"bands": Bands, "low": Low, "high": High, "letters": Letters, "whole": WholeLetters}
    monkeypatch.setattr(services_module, "load", lambda path, *_: models[path.parent.name or path.stem](path))

    def services(*names: str) -> Services:
        paths = [Path(f"{name}.onnx") for name in names]
        return services_module.open_services(paths, lambda path, labels: CONFIG, None, 1, "en")

    return services
