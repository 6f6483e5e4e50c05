"""Settings: frozen dataclasses, read from mappings (TOML, JSON) with every key and type checked."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from edgeasr.errors import ConfigError

__all__ = ["from_mapping", "read_document", "read_toml", "to_mapping"]

T = TypeVar("T")


def from_mapping(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `cls` from `values`; nested dataclasses from nested mappings.

    Args:
        cls: a dataclass; its fields are str, bool, int, float, tuples of these, other dataclasses, or unions with None.
        values: the settings; a key that is left out keeps its default.
        where: the source of the values, named in errors ("recipe.toml").

    Raises:
        ConfigError: an unknown key, a missing required key, a value of the wrong type or out of range.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a table of settings, got {values!r}")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ConfigError(f"{where}: unknown setting {unknown[0]!r}: expected one of {', '.join(hints)}")
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # T is any dataclass
        if dataclasses.MISSING is field.default is field.default_factory and field.name not in values:
            raise ConfigError(f"{where}: expected {field.name!r}, which is not there")
    checked = {key: _check(hints[key], value, f"{where}: {key}") for key, value in values.items()}
    try:
        return cls(**checked)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def read_document(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `cls`, which has a `version`, from a file that another release of edgeasr may have written.

    Keys that this release does not know are left out: within a version, keys are only added.

    Raises:
        ConfigError: as `from_mapping`, or the document has a higher version than the default of `cls.version`.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a table of settings, got {values!r}")
    ours, theirs = getattr(cls, "version"), values.get("version", 1)  # noqa: B009 - T is any dataclass with a version
    if isinstance(theirs, int) and theirs > ours:
        raise ConfigError(
            f"{where}: made by a newer edgeasr (version {theirs}, expected up to {ours}): upgrade edgeasr"
        )
    return from_mapping(cls, {key: value for key, value in values.items() if key in typing.get_type_hints(cls)}, where)


def to_mapping(settings: Any) -> dict[str, Any]:
    """Turn a settings dataclass into plain dicts and lists that JSON can hold; the reverse of `from_mapping`."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    mapping: dict[str, Any] = plain(dataclasses.asdict(settings))
    return mapping


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file into a dict.

    Raises:
        ConfigError: the file is missing or is not TOML.
    """
    import tomllib  # not in the Python 3.9 and 3.10 of older devices, which read no TOML

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the settings in {path}: {error}") from error


def _check(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        (hint,) = (argument for argument in arguments if argument is not type(None))
        return _check(hint, value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_mapping(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{where}: expected a list, got {value!r}")
        if arguments[-1] is Ellipsis:
            return tuple(_check(arguments[0], item, where) for item in value)
        if len(value) != len(arguments):
            raise ConfigError(f"{where}: expected {len(arguments)} values, got {len(value)}")
        return tuple(_check(argument, item, where) for argument, item in zip(arguments, value, strict=True))
    if origin is typing.Literal:
        if value not in arguments:
            raise ConfigError(f"{where}: expected one of {', '.join(map(str, arguments))}, got {value!r}")
        return value
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: expected a table, got {value!r}")
        return {key: _check(arguments[1], item, f"{where}: {key}") for key, item in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is not Any and (not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool)):
        raise ConfigError(f"{where}: expected {hint.__name__}, got {value!r}")
    return value
