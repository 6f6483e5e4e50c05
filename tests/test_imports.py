"""The architecture, enforced by reading the imports of every module of the four packages."""

import ast
import importlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeasr.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "edgeasr": ROOT / "edgeasr",
    "edgeasr_export": ROOT / "export/edgeasr_export",
    "edgeasr_firmware": ROOT / "firmware_bridge/edgeasr_firmware",
    "edgeasr_bench": ROOT / "benchmarks/edgeasr_bench",
}
# In each row a part may import those to its left (and what is in no row), never those to its right.
ORDERS = (
    ("edgeasr", "edgeasr_export", "edgeasr_firmware", "edgeasr_bench"),
    ("edgeasr.audio", "edgeasr.features", "edgeasr.models", "edgeasr.train", "edgeasr.cli"),
    ("edgeasr.audio", "edgeasr.features", "edgeasr.data", "edgeasr.train", "edgeasr.cli"),
    ("edgeasr.audio", "edgeasr.features", "edgeasr.bundle", "edgeasr.runtime", "edgeasr.spot", "edgeasr.cli"),
    ("edgeasr.decode", "edgeasr.data", "edgeasr.train", "edgeasr.cli"),
    ("edgeasr.bundle", "edgeasr.runtime", "edgeasr.metrics", "edgeasr.train", "edgeasr.cli"),
    ("edgeasr.decode", "edgeasr.runtime", "edgeasr.transcribe", "edgeasr.cli"),
    ("edgeasr.spot", "edgeasr.transcribe", "edgeasr.serve", "edgeasr.cli"),
)
HEAVY = {
    "ai_edge_litert",
    "espeakng_loader",
    "jax",
    "jiwer",
    "keras",
    "librosa",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "rich",
    "scipy",
    "sklearn",
    "sounddevice",
    "soundfile",
    "soxr",
    "tensorflow",
    "tf2onnx",
    "tf_keras",
    "tflite_runtime",
    "torch",
}


def modules() -> dict[str, Path]:
    """Return every module of the four packages: dotted name to file."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *(part for part in parts if part != "__init__")))] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Return the dotted names that import statements among `nodes` name."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs when the module is imported: everything outside functions and `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from at_import(node)


def belongs(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def position(name: str, order: tuple[str, ...]) -> int | None:
    """Return the place of a module in an order: that of the part it belongs to, None for none."""
    return next((index for index, part in enumerate(order) if belongs(name, part)), None)


def docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of the nodes that are docstrings."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners) and node.body]
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


def test_packages_are_all_found() -> None:
    assert {"edgeasr.cli", "edgeasr.runtime.tflite"} <= set(MODULES)
    assert all((folder / "py.typed").exists() for folder in FOLDERS.values())


@pytest.mark.parametrize("name", MODULES)
def test_module_imports_only_what_comes_before_it(name: str) -> None:
    names = imported(ast.walk(TREES[name]))
    for order in ORDERS:
        mine = position(name, order)
        if mine is None or (order is ORDERS[0] and belongs(name, "edgeasr.cli")):
            continue
        later = {other for other in names if (position(other, order) or 0) > mine}
        assert not later, f"{name} comes before {sorted(later)} in {' <- '.join(order)}"


@pytest.mark.parametrize("name", [name for name in MODULES if not belongs(name, "edgeasr.cli")])
def test_nothing_imports_the_command_line(name: str) -> None:
    if name != "edgeasr.__main__":
        assert not [other for other in imported(ast.walk(TREES[name])) if belongs(other, "edgeasr.cli")]


@pytest.mark.parametrize("name", [name for name in MODULES if belongs(name, "edgeasr")])
def test_only_the_command_line_names_the_other_packages(name: str) -> None:
    others = tuple(package for package in FOLDERS if package != "edgeasr")
    if belongs(name, "edgeasr.cli"):
        eager = imported(at_import(TREES[name]))
        assert not [other for other in eager if other.startswith(others)], "import it inside the function"
        return
    ignored = docstrings(TREES[name])
    named = [
        node.value
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in ignored
    ]
    assert not [text for text in named if any(package in text for package in others)]


@pytest.mark.parametrize("name", MODULES)
def test_module_imports_heavy_packages_only_inside_functions(name: str) -> None:
    eager = {other.partition(".")[0] for other in imported(at_import(TREES[name]))}
    assert not eager & HEAVY


@pytest.mark.parametrize("name", [name for name in MODULES if "._" not in name])
def test_module_lists_its_public_names_truly(name: str) -> None:
    tree = TREES[name]
    if all(isinstance(node, ast.Expr) for node in tree.body):  # a package that is only a docstring
        return
    module = importlib.import_module(name)
    public = module.__all__
    assert len(public) == len(set(public)), "a name is listed twice"
    assert all(hasattr(module, exported) for exported in public)


@pytest.mark.parametrize("name", MODULES)
def test_module_is_short(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 300


def run_python(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


HELP = """
import json, sys
from edgeasr.cli import main
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_loads_no_heavy_package(command: str) -> None:
    loaded = set(json.loads(run_python(HELP, *command.split(), "--help").splitlines()[-1]))
    assert not loaded & HEAVY
    assert command not in ("", "doctor") or "numpy" not in loaded  # the doctor works where NumPy does not


def test_help_takes_less_than_a_third_of_a_second() -> None:
    def cpu_s() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times_s = []
    for _ in range(5):
        before_s = cpu_s()
        run_python(HELP, "--help")
        times_s.append(cpu_s() - before_s)
    assert min(times_s) < 0.3  # of CPU time, so that a busy machine does not fail it
