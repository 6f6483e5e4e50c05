"""Variants of a format: files for one kind of program, made of an ordinary step model by an edit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeasr.bundle import Bundle
from edgeasr.errors import ConfigError
from edgeasr.registry import resolve
from edgeasr_export.exporters import EXPORTERS

__all__ = ["VARIANTS", "Variant", "format_of", "variant"]

VARIANTS: Mapping[str, str] = {
    "tflite-stateful": "edgeasr_export.variants.stateful:STATEFUL",
    "esphome": "edgeasr_export.variants.esphome:ESPHOME",
}


def _anything(bundle: Bundle) -> None:
    """Refuse nothing."""


def _nothing(bundle: Bundle, file: Path) -> dict[str, str]:
    """Need no other file."""
    return {}


@dataclass(frozen=True)
class Variant:
    """A variant of a format, of step models alone.

    Attributes:
        format: key of `EXPORTERS`.
        mark: what is put into file names.
        finish: edits a step model in that format, in place.
        schemes: keys of `SCHEMES` that it exists in; empty for all of the format's.
        check: raises where a bundle cannot be exported so: called before minutes of work.
        beside: gives the files that belong beside a finished one, by their names.
    """

    format: str
    mark: str
    finish: Callable[[Path], None]
    schemes: tuple[str, ...] = ()
    check: Callable[[Bundle], None] = _anything
    beside: Callable[[Bundle, Path], dict[str, str]] = _nothing


def variant(name: str, scheme: str = "") -> Variant | None:
    """Look up a variant; None for a plain format, a key of `EXPORTERS`.

    Args:
        name: key of `VARIANTS` or `EXPORTERS`.
        scheme: that it is wanted in.

    Raises:
        ConfigError: there is neither of this name, or not in this scheme.
    """
    if name in EXPORTERS:
        return None
    found: Variant = resolve(VARIANTS, name, "format")
    if found.schemes and scheme and scheme not in found.schemes:
        raise ConfigError(f"{scheme} does not exist for {name}: pass --{' or --'.join(found.schemes)}")
    return found


def format_of(name: str) -> str:
    """Name the format, a key of `EXPORTERS`, of a variant, or that itself.

    Raises:
        ConfigError: there is none of this name.
    """
    found = variant(name)
    return found.format if found else name
