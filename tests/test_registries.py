"""Every name of every registry leads to something, and a wrong name is answered with the right ones."""

import importlib
import re
from collections.abc import Mapping

import pytest

from edgeasr.errors import ConfigError
from edgeasr.registry import resolve

REGISTRIES = (
    "edgeasr.models:MODELS",
    "edgeasr.data:DATASETS",
    "edgeasr.runtime:RUNTIMES",
    "edgeasr_export:SCHEMES",
    "edgeasr_export:EXPORTERS",
    "edgeasr_export.variants:VARIANTS",
)


def registry(where: str) -> Mapping[str, str]:
    module, _, attribute = where.partition(":")
    found: Mapping[str, str] = getattr(importlib.import_module(module), attribute)
    return found


@pytest.mark.parametrize("where", REGISTRIES)
def test_registry_names_lead_to_something(where: str) -> None:
    assert registry(where)
    for name, target in registry(where).items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name), "names are lower case, with hyphens"
        assert re.fullmatch(r"edgeasr[\w.]*:\w+", target), "targets are written module:attribute"
        assert resolve(registry(where), name, "entry") is not None


@pytest.mark.parametrize("where", REGISTRIES)
def test_registry_answers_a_wrong_name_with_the_right_ones(where: str) -> None:
    with pytest.raises(ConfigError, match="unknown entry 'nonsense'") as caught:
        resolve(registry(where), "nonsense", "entry")
    assert all(name in str(caught.value) for name in registry(where))
