"""A registry's names lead to attributes that are imported only when asked for."""

import sys
from pathlib import Path

import pytest

from edgeasr.errors import ConfigError
from edgeasr.registry import resolve


def test_resolve_imports_what_the_name_stands_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plant_a.py").write_text("ROSE = 'red'")
    (tmp_path / "plant_b.py").write_text("raise AssertionError('imported, but not asked for')")
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve({"rose": "plant_a:ROSE", "lily": "plant_b:LILY"}, "rose", "plant") == "red"
    assert "plant_b" not in sys.modules


@pytest.mark.parametrize("name", ["tulip", "", "Rose", "rose "])
def test_resolve_answers_an_unknown_name_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"^unknown plant '{name}': expected one of lily, rose$"):
        resolve({"rose": "a:b", "lily": "c:d"}, name, "plant")


def test_resolve_does_not_hide_a_wrong_entry() -> None:
    with pytest.raises(ModuleNotFoundError):
        resolve({"rose": "no_such_module:ROSE"}, "rose", "plant")
    with pytest.raises(AttributeError):
        resolve({"rose": "json:ROSE"}, "rose", "plant")
