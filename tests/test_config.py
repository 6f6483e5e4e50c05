"""Settings from mappings: every key and type checked, and the setting named that is wrong."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.config import from_mapping, read_toml, to_mapping
from edgeasr.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    level: float = 1.0

    def __post_init__(self) -> None:
        if self.level < 0:
            raise ConfigError(f"level must not be negative, got {self.level}")


@dataclass(frozen=True)
class Settings:
    name: str
    count: int = 3
    gain: float = 0.5
    loud: bool = False
    words: tuple[str, ...] = ()
    band: tuple[float, float] = (0.0, 1.0)
    kind: Literal["a", "b"] = "a"
    inner: Inner = field(default_factory=Inner)
    maybe: Inner | None = None
    limit: int | None = None
    inners: tuple[Inner, ...] = ()
    table: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


def test_from_mapping_keeps_defaults_of_what_is_left_out() -> None:
    assert from_mapping(Settings, {"name": "x"}, "here") == Settings("x")


def test_from_mapping_reads_every_kind_of_setting() -> None:
    values = {
        "name": "x",
        "count": 7,
        "gain": 2,
        "loud": True,
        "words": ["yes", "no"],
        "band": [1, 2.5],
        "kind": "b",
        "inner": {"level": 3},
        "maybe": {"level": 0.25},
        "limit": None,
        "inners": [{}, {"level": 9.0}],
        "table": {"a": "b"},
        "notes": {"a": [1, {"b": None}]},
    }
    read = from_mapping(Settings, values, "here")
    assert read == Settings(
        "x", 7, 2.0, True, ("yes", "no"), (1.0, 2.5), "b", Inner(3.0), Inner(0.25), None, (Inner(), Inner(9.0)),
        {"a": "b"}, {"a": [1, {"b": None}]},
    )  # fmt: skip
    assert isinstance(read.gain, float)
    assert isinstance(read.band[0], float)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "here: expected 'name', which is not there"),
        ({"name": "x", "colour": 1}, "here: unknown setting 'colour': expected one of name, count, gain"),
        ({"name": 5}, "here: name: expected str, got 5"),
        ({"name": None}, "here: name: expected str, got None"),
        ({"name": "x", "count": 1.5}, r"here: count: expected int, got 1\.5"),
        ({"name": "x", "count": True}, "here: count: expected int, got True"),
        ({"name": "x", "gain": "1"}, "here: gain: expected float, got '1'"),
        ({"name": "x", "gain": True}, "here: gain: expected float, got True"),
        ({"name": "x", "loud": 1}, "here: loud: expected bool, got 1"),
        ({"name": "x", "words": "yes"}, "here: words: expected a list, got 'yes'"),
        ({"name": "x", "words": ["yes", 5]}, "here: words: expected str, got 5"),
        ({"name": "x", "band": [1]}, "here: band: expected 2 values, got 1"),
        ({"name": "x", "kind": "c"}, "here: kind: expected one of a, b, got 'c'"),
        ({"name": "x", "inner": 5}, "here: inner: expected a table of settings, got 5"),
        ({"name": "x", "inner": None}, "here: inner: expected a table of settings, got None"),
        ({"name": "x", "inner": {"depth": 1}}, "here: inner: unknown setting 'depth'"),
        ({"name": "x", "inner": {"level": -1}}, r"here: inner: level must not be negative, got -1\.0"),
        ({"name": "x", "limit": "5"}, "here: limit: expected int, got '5'"),
        ({"name": "x", "inners": [{"level": []}]}, r"here: inners: level: expected float, got \[\]"),
        ({"name": "x", "table": ["a"]}, r"here: table: expected a table, got \['a'\]"),
        ({"name": "x", "table": {"a": 5}}, "here: table: a: expected str, got 5"),
        ({"name": "x", "notes": 5}, "here: notes: expected a table, got 5"),
        (["name"], r"here: expected a table of settings, got \['name'\]"),
    ],
)
def test_from_mapping_names_what_is_wrong(values: Any, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"^{complaint}"):
        from_mapping(Settings, values, "here")


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        Settings,
        name=st.text(),
        count=st.integers(),
        gain=st.floats(allow_nan=False),
        words=st.lists(st.text()).map(tuple),
        maybe=st.none() | st.builds(Inner, st.floats(0, 9)),
        inners=st.lists(st.builds(Inner, st.floats(0, 9))).map(tuple),
        table=st.dictionaries(st.text(), st.text()),
    )
)
def test_to_mapping_is_the_reverse_of_from_mapping(original: Settings) -> None:
    assert from_mapping(Settings, to_mapping(original), "here") == original


def test_read_toml_reads_tables(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("epochs = 5\n[frontend]\nkind = 'mfcc'  # a comment\n", encoding="utf-8")
    assert read_toml(tmp_path / "a.toml") == {"epochs": 5, "frontend": {"kind": "mfcc"}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"epochs = = 5", "Invalid value"),
        (b"# \xff", "utf-8"),
        (b"a = 1\na = 2", "overwrite"),
    ],
)
def test_read_toml_says_what_it_cannot_read(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "recipe.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"cannot read the settings in .*recipe\.toml: .*{reason}"):
        read_toml(path)
