"""The agent as files for a device."""

import ast
import json
import os
import subprocess
import sys

import pytest

from edgeasr_bench.targets.source import OLDEST_PYTHON, agent_modules, for_old_python, write_agent

MODULES = agent_modules()


@pytest.mark.parametrize("path", MODULES)
def test_agent_is_written_in_the_words_of_the_oldest_python(path):
    tree = ast.parse(for_old_python(MODULES[path]), path, feature_version=OLDEST_PYTHON)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert not [node for node in calls if node.func.id == "zip" and any(key.arg == "strict" for key in node.keywords)]
    assert not [node for node in calls if node.func.id == "isinstance" and isinstance(node.args[1], ast.BinOp)]


def test_for_old_python_rewrites_the_unions_that_dataclasses_have():
    source = 'class A:\n    """Text."""\n    x: int | None = None\n    y: "tuple[float, ...]" = ()\n'
    assert "x: typing.Union[int, None] = None" in for_old_python(source)
    names: dict[str, object] = {}
    exec(for_old_python('"""Of a module."""\n' + source), names)
    assert names["__doc__"] == "Of a module."


def test_for_old_python_keeps_what_is_no_union():
    assert for_old_python("a = b | c").endswith("a = b | c")
    assert for_old_python("zip(a, b)").endswith("zip(a, b)")


def test_agent_imports_no_framework_and_nothing_of_the_host(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    agent = write_agent()
    assert write_agent() == agent
    packages = [path for path in sys.path if path.endswith("site-packages")]
    code = "import json, sys; import edgeasr_bench.agent.__main__; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(agent), *packages])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(json.loads(done.stdout))
    assert "edgeasr.runtime.base" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {"tensorflow", "keras", "click", "rich", "soundfile"}
    assert not {"edgeasr_bench.harness", "edgeasr.data", "edgeasr.cli"} & loaded
