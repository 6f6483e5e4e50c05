"""Write the JSON Schema of a bench record from its classes, types and docstrings.

    python -m edgeasr_bench.schema.generate

(JSON Schema, draft 2020-12.) A test holds the file to the classes.
"""

import dataclasses
import inspect
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

from edgeasr.atomic import write_text
from edgeasr_bench.record import Run

__all__ = ["SCHEMA", "make_schema"]

SCHEMA = Path(__file__).with_name("run.schema.json")

_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
_NOT_WRITTEN = {"samples_ns"}


def make_schema() -> dict[str, Any]:
    """Describe the JSON of `Run`: every key with its type and what it means; more keys are allowed."""
    definitions: dict[str, Any] = {}
    run = _object(Run, definitions)
    run["properties"]["version"] = {"const": Run.version, **run["properties"]["version"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of `edgeasr bench --out`",
        **run,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(cls: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = {key: hint for key, hint in typing.get_type_hints(cls).items() if key not in _NOT_WRITTEN}
    meanings = _meanings(cls)
    return {
        "description": inspect.cleandoc(cls.__doc__).splitlines()[0],
        "type": "object",
        "properties": {
            key: {**_type(hint, definitions), **({"description": meanings[key]} if key in meanings else {})}
            for key, hint in hints.items()
        },
        "required": list(hints),
    }


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if hint is types.NoneType:
        return {"type": "null"}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_type(argument, definitions) for argument in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _type(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(arguments[1], definitions)}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # before its fields, so that it is looked at once
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(f"a record cannot hold {hint}")


def _meanings(cls: Any) -> dict[str, str]:
    """Read the section `Attributes:` of a docstring: what each field means."""
    section = inspect.cleandoc(cls.__doc__).partition("Attributes:\n")[2]
    entries = re.split(r"\n(?=    \w)", "\n" + section)
    pairs = (" ".join(entry.split()).partition(": ") for entry in entries if entry.strip())
    return {name: meaning for names, _, meaning in pairs for name in names.split(", ")}


if __name__ == "__main__":
    write_text(SCHEMA, json.dumps(make_schema(), indent=1) + "\n")
