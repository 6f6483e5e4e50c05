"""Everything edgeasr raises for a user's mistake: one tree, so that one `except` catches it.

A message says what was expected, what came and what to do, on one line. The command line prints it and exits 1.
"""

__all__ = [
    "ArtefactError",
    "AudioError",
    "BundleError",
    "ConfigError",
    "DataError",
    "EdgeASRError",
    "ExportError",
    "FirmwareError",
    "MissingPackageError",
    "TargetError",
    "TrainingError",
]


class EdgeASRError(Exception):
    """Base of every error that edgeasr raises on purpose."""


class AudioError(EdgeASRError):
    """An audio file, stream or device cannot be used."""


class ArtefactError(EdgeASRError):
    """An exported file cannot be read or run."""


class BundleError(EdgeASRError):
    """A bundle is missing, incomplete or altered."""


class ConfigError(EdgeASRError):
    """A setting has a value that it must not have."""


class DataError(EdgeASRError):
    """A data set cannot be found, fetched or understood."""


class ExportError(EdgeASRError):
    """A conversion failed, or what it made does not agree with the original."""


class FirmwareError(EdgeASRError):
    """Firmware cannot be made of a model, or does not do on its board what it should."""


class MissingPackageError(EdgeASRError):
    """An optional package is not installed."""


class TargetError(EdgeASRError):
    """A device to measure on cannot be reached, lacks something, or is lost in the middle."""


class TrainingError(EdgeASRError):
    """A training has gone out of bounds."""
