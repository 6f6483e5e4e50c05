"""Registries: plain dicts `name -> "module:attribute"`, resolved on use, so that listing names imports nothing."""

import importlib
from collections.abc import Mapping
from typing import Any

from edgeasr.errors import ConfigError

__all__ = ["resolve"]


def resolve(registry: Mapping[str, str], name: str, kind: str) -> Any:
    """Import and return what `registry` holds under `name`.

    Raises:
        ConfigError: there is no such name; the message lists those there are.
    """
    if name not in registry:
        raise ConfigError(f"unknown {kind} {name!r}: expected one of {', '.join(sorted(registry))}")
    module, _, attribute = registry[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
