"""A fleet: several targets in a TOML file, each with settings of its own where it has any."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from edgeasr.config import from_mapping, read_toml
from edgeasr.errors import ConfigError
from edgeasr_bench.settings import Settings

__all__ = ["read_fleet"]


@dataclass(frozen=True)
class _Member:
    """A target; what is None is as in the settings of the run."""

    address: str
    threads: tuple[int, ...] | None = None
    cpus: tuple[int, ...] | None = None
    bootstrap: bool | None = None
    clean: bool | None = None


@dataclass(frozen=True)
class _Fleet:
    target: tuple[_Member, ...]


def read_fleet(path: Path, settings: Settings) -> dict[str, Settings]:
    """Read the targets of a fleet, which are tables `[[target]]` with an `address`.

    Args:
        path: the TOML file.
        settings: of the run; `threads`, `cpus`, `bootstrap` and `clean` of a target take their place.

    Returns:
        The settings of each target, by its address.

    Raises:
        ConfigError: the file cannot be read, has an unknown or a wrong setting, or no target, or one twice.
    """
    members = from_mapping(_Fleet, read_toml(path), str(path)).target
    addresses = [member.address for member in members]
    if not addresses or len(set(addresses)) < len(addresses):
        raise ConfigError(f"{path}: expected each target once, got {', '.join(addresses) or 'none'}")
    return {member.address: replace(settings, **_given(member)) for member in members}


def _given(member: _Member) -> dict[str, Any]:
    names = [field.name for field in fields(member) if field.name != "address"]
    return {name: value for name in names if (value := getattr(member, name)) is not None}
