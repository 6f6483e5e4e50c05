"""Models of microWakeWord, which ESPHome and Home Assistant run: their manifest, and what they are by it."""

from edgeasr.microwakeword.card import Detection, card_of, detection_of
from edgeasr.microwakeword.loader import check_model, refusals
from edgeasr.microwakeword.manifest import Micro, WakeManifest, manifest_of, model_of, read_manifest

__all__ = [
    "Detection",
    "Micro",
    "WakeManifest",
    "card_of",
    "check_model",
    "detection_of",
    "manifest_of",
    "model_of",
    "read_manifest",
    "refusals",
]
