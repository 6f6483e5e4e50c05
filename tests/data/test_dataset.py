"""What holds for every data set of the registry: where there is nothing to load, one line says what to do."""

import urllib.error
from pathlib import Path

import pytest

from edgeasr.data import download, mnist
from edgeasr.data.dataset import DATASETS, load_dataset
from edgeasr.errors import ConfigError, DataError

SPOKEN = {"synthetic", "phrase"}  # need neither files nor a network, but words


def complaint(spec: str) -> str:
    with pytest.raises(DataError) as caught:
        load_dataset(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(set(DATASETS) - SPOKEN))
def test_without_data_and_network_one_line_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(download.urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(mnist, "import_keras", lambda purpose: None)  # None has no data sets, as Keras has none offline
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    assert f"{name}:PATH" in complaint(name)


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"phrase"}))
def test_a_path_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    assert str(tmp_path / "none.zip") in complaint(f"{name}:{tmp_path / 'none.zip'}")


@pytest.mark.parametrize("name", sorted(set(DATASETS) - SPOKEN))
@pytest.mark.parametrize("kind", ["text", "folder"])
def test_a_path_to_something_else_is_named(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.mkdir() if kind == "folder" else path.write_text("nothing that anyone could train with")
    assert str(path) in complaint(f"{name}:{path}")


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown data set 'nonsense'.*audiomnist, coffee-orders, folder, fsdd"):
        load_dataset("nonsense")
    with pytest.raises(ConfigError, match="'fsdd:' names no path: expected NAME or NAME:PATH"):
        load_dataset("fsdd:")
