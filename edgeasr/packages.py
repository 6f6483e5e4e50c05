"""Optional packages: imported where they are used, and named with their install line when missing."""

import importlib
from types import ModuleType

from edgeasr.errors import MissingPackageError

__all__ = ["require"]


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
        raise MissingPackageError(
            f"{purpose} needs the package {module.partition('.')[0]} ({error}): "
            f"pip install 'edgeasr[{extra}]'"
        ) from error
