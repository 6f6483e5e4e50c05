"""Speech features: one specification, `FrontendConfig`, and its implementations."""

from edgeasr.features.clip import clip_features
from edgeasr.features.config import FrontendConfig
from edgeasr.features.frontend import Frontend, StreamingFrontend
from edgeasr.features.micro import MICRO

__all__ = ["MICRO", "Frontend", "FrontendConfig", "StreamingFrontend", "clip_features"]
