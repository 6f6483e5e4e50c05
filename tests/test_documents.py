"""What the documents and docstrings show is true: their examples run."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import edgeasr
from edgeasr.audio.wav import write_wav
from edgeasr.bundle import Bundle
from edgeasr.data.synthetic import say

ROOT = Path(__file__).parents[1]
MODULES = [
    module.name for module in pkgutil.walk_packages(edgeasr.__path__, "edgeasr.") if "__main__" not in module.name
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), extraglobs={"np": importlib.import_module("numpy")})
    assert result.failed == 0


def test_python_of_the_readme_runs(
    exported: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "digits").symlink_to(exported.path)
    write_wav(tmp_path / "seven.wav", say("seven"))
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("seven ")


def test_links_of_the_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links {target}"
