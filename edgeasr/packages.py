"""Optional packages: imported where they are used, and named with their install line when missing."""

import importlib
import importlib.util
import os
from types import ModuleType

from edgeasr.errors import ConfigError, MissingPackageError
from edgeasr.quiet import quiet

__all__ = ["check_installed", "import_keras", "require"]

_BACKENDS = ("tensorflow", "jax", "torch")  # the first is the default


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional module, or say how to install it.

    Args:
        module: dotted module name, such as `"soundfile"`.
        extra: the extra of the `edgeasr` distribution that brings it.
        purpose: what needs it, for the message ("reading FLAC").

    Raises:
        MissingPackageError: the module, or a library it needs, is not there.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a shared library that the package loads is missing
        raise MissingPackageError(_message(module, extra, purpose, f" ({error})")) from error


def check_installed(module: str, extra: str, purpose: str) -> None:
    """Check, without importing it, that a module is there.

    Raises:
        MissingPackageError: it is not.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingPackageError(_message(module, extra, purpose))


def import_keras(purpose: str) -> ModuleType:
    """Import Keras and its backend, without the backend's start-up log.

    Raises:
        ConfigError: the environment names another backend than there are.
        MissingPackageError: one of them is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    wanted = os.environ.get("KERAS_BACKEND", _BACKENDS[0])
    if wanted not in _BACKENDS:
        raise ConfigError(f"KERAS_BACKEND: expected one of {', '.join(_BACKENDS)}, got {wanted!r}")
    with quiet():
        if wanted != _BACKENDS[0] and importlib.util.find_spec(wanted) is None:  # no extra brings this one
            raise MissingPackageError(f"{purpose} with KERAS_BACKEND={wanted} needs the package: pip install {wanted}")
        keras = require("keras", "train", purpose)
        require(keras.backend.backend(), "train", purpose)
    return keras


def _message(module: str, extra: str, purpose: str, detail: str = "") -> str:
    return f"{purpose} needs the package {module.partition('.')[0]}{detail}: pip install 'edgeasr[{extra}]'"
