"""The manifest of a bundle is read, or what is wrong in it is said."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from edgeasr.builtin import BUILTIN
from edgeasr.bundle import read_manifest
from edgeasr.errors import BundleError


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Give the manifest of the built-in bundle, to be changed."""
    return Path(shutil.copy(BUILTIN / "manifest.json", tmp_path))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"version": 2}, "made by a newer edgeasr \\(version 2, expected up to 1\\): upgrade edgeasr"),
        ({"labels": "yes,no"}, "labels: expected a list, got 'yes,no'"),
        ({"labels": [1, 2]}, "labels: expected str, got 1"),
        ({"output": "words"}, "output: expected one of logits, probabilities"),
        ({"frontend": 5}, "frontend: expected a table of settings"),
        ({"frontend": {"hop_ms": -1}}, "frontend: front end: hop_ms must give 1 to"),
        ({"frontend": {"clip_ms": float("nan")}}, "clip_ms must be finite, got nan"),
        ({"training": 5}, "training: expected a table, got 5"),
        ({"metrics": ["a"]}, "metrics: expected a table"),
        ({"sha256": {"model.keras": 5}}, "sha256: model.keras: expected str, got 5"),
        ({"artefacts": [{"name": "a"}]}, "artefacts: expected .format., which is not there"),
    ],
)
def test_read_manifest_says_what_is_wrong_in_it(manifest: Path, values: dict[str, Any], reason: str) -> None:
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **values}))
    with pytest.raises(BundleError, match=rf"manifest\.json: cannot be read \(.*{reason}.*: restore it"):
        read_manifest(manifest.parent)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"model": "x"}'])
def test_read_manifest_says_that_it_cannot_be_read(manifest: Path, content: bytes) -> None:
    manifest.write_bytes(content)
    with pytest.raises(BundleError, match=r"manifest\.json: cannot be read"):
        read_manifest(manifest.parent)


def test_read_manifest_leaves_out_what_a_later_release_added(manifest: Path) -> None:
    before = read_manifest(manifest.parent)
    manifest.write_text(manifest.read_text().replace("{", '{"streaming": true,', 1))
    assert read_manifest(manifest.parent) == before
