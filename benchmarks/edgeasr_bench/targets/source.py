"""The agent as files for a device: the modules of edgeasr that run there, in the words of Python 3.9.

edgeasr itself needs Python 3.11; the Pythons of older devices differ from it, in what these modules use, by a few
spellings, which are rewritten here. So there is one source of what is measured.
"""

import ast
import hashlib
from pathlib import Path

import edgeasr
import edgeasr_bench
from edgeasr.atomic import replacing
from edgeasr.data.download import cache_folder

__all__ = ["OLDEST_PYTHON", "agent_modules", "for_old_python", "write_agent"]

OLDEST_PYTHON = (3, 9)

_LEFT_OUT = ("cli", "data", "doctor", "models", "train")  # parts of edgeasr that no device runs
_BENCH = ("latency.py", "profile.py", "footprint_child.py", "agent/*.py")


def agent_modules() -> dict[str, str]:
    """Give the source of each module that a device gets, by its path."""
    core, bench = Path(edgeasr.__file__).parent, Path(edgeasr_bench.__file__).parent
    files = [path for path in core.rglob("*.py") if path.relative_to(core).parts[0] not in _LEFT_OUT]
    files += [path for pattern in _BENCH for path in bench.glob(pattern)]
    modules = {"edgeasr_bench/__init__.py": ""}  # the real one is the host's
    for path in sorted(files):
        folder = core if path.is_relative_to(core) else bench
        modules[str(path.relative_to(folder.parent))] = path.read_text(encoding="utf-8")
    return modules


def write_agent() -> Path:
    """Write the agent into a folder of the cache that is named by its content; one that is there is kept."""
    modules = agent_modules()
    rewriting = Path(__file__).read_text(encoding="utf-8")
    digest = hashlib.sha256(repr((rewriting, modules)).encode()).hexdigest()
    agent = cache_folder() / "agents" / f"agent-{digest[:16]}"
    if not agent.exists():
        with replacing(agent) as scratch:
            for path, source in modules.items():
                (scratch / path).parent.mkdir(parents=True, exist_ok=True)
                (scratch / path).write_text(for_old_python(source), encoding="utf-8")
    return agent


def for_old_python(source: str) -> str:
    """Rewrite a module of ours so that Python 3.9 runs it; comments are lost.

    Example:
        >>> print(for_old_python("x: int | None = f(zip(a, b, strict=True))"))
        from __future__ import annotations
        import typing
        x: typing.Union[int, None] = f(zip(a, b))
    """
    tree = _Older().visit(ast.parse(source))
    start = 1 if ast.get_docstring(tree, clean=False) is not None else 0
    tree.body[start:start] = ast.parse("from __future__ import annotations\nimport typing").body
    return ast.unparse(ast.fix_missing_locations(tree))


class _Older(ast.NodeTransformer):
    """Rewrites what Python 3.9 lacks.

    - `A | B` of types becomes `typing.Union[A, B]`: annotations are not run (`from __future__ import annotations`),
      but `edgeasr.config` asks for those of dataclasses.
    - `isinstance(x, A | B)` becomes `isinstance(x, (A, B))`.
    - `zip` loses `strict`: what it checks is checked by the tests, on the same source.
    - `types.UnionType` becomes `typing.Union`, as unions have become.
    """

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.annotation = _Unions().visit(node.annotation)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = node.annotation and _Unions().visit(node.annotation)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "zip":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "strict"]
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            node.args[1] = ast.Tuple(_members(node.args[1]), ast.Load())
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return _typing("Union") if ast.unparse(node) == "types.UnionType" else node


class _Unions(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        members = [self.visit(member) for member in _members(node)]
        return ast.Subscript(_typing("Union"), ast.Tuple(members, ast.Load()), ast.Load())


def _members(node: ast.expr) -> list[ast.expr]:
    """Take `A | B | C` apart."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node]


def _typing(name: str) -> ast.Attribute:
    return ast.Attribute(ast.Name("typing", ast.Load()), name, ast.Load())
