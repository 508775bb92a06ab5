"""What the oldest Python that we run on does not have: seen in the code, for machines without one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# The package, and what `make docs` runs.
SOURCES = [*sorted((ROOT / "mpfcgi").rglob("*.py")), ROOT / "docs" / "build.py"]
OLDEST = (3, 9)
TYPES = {
    "str",
    "bytes",
    "int",
    "float",
    "bool",
    "dict",
    "list",
    "tuple",
    "set",
    "frozenset",
    "type",
    "object",
    "staticmethod",
    "classmethod",
}
# Arguments that came with Python 3.10.
LATER = {"zip": {"strict"}, "dataclass": {"slots", "kw_only"}, "bisect_left": {"key"}, "bisect_right": {"key"}}


def too_new(source: str) -> Iterator[int]:
    """The lines of what the oldest Python stumbles over."""
    tree = ast.parse(source, feature_version=OLDEST)
    unread = {id(part) for node in ast.walk(tree) for root in _unread(node) for part in ast.walk(root)}
    for node in ast.walk(tree):
        if id(node) not in unread and (_is_union(node) or _is_later(node)):
            yield node.lineno


def _unread(node: ast.AST) -> list[ast.AST]:
    """What of a node is for type checkers only."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return list(node.body)
    return [part for name in ("annotation", "returns") if (part := getattr(node, name, None)) is not None]


def _is_union(node: ast.AST) -> bool:
    is_or = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    return is_or and (_is_type(node.left) or _is_type(node.right))


def _is_later(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return False
    return any(keyword.arg in LATER.get(node.func.id, ()) for keyword in node.keywords)


def _is_type(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _is_type(node.value) or (
            isinstance(node.value, ast.Name) and node.value.id in ("Callable", "Iterable", "Mapping")
        )
    return (isinstance(node, ast.Constant) and node.value is None) or (isinstance(node, ast.Name) and node.id in TYPES)


@pytest.mark.parametrize(
    ("source", "is_too_new"),
    [
        ("class A(dict[str, str | None]): pass", True),
        ("Filter = str | Callable[[int], object]", True),
        ("isinstance(x, list | tuple)", True),
        ("zip(a, b, strict=True)", True),
        ("@dataclass(frozen=True, slots=True)\nclass A: pass", True),
        ("def f(a: str | None = None) -> int | None: return a | b", False),
        ("x: dict[str, str | None] = {}", False),
        ("os.O_RDONLY | os.O_CLOEXEC", False),
    ],
)
def test_what_is_too_new_is_seen(source, is_too_new):
    assert bool(list(too_new(source))) == is_too_new


def test_nothing_is_newer_than_the_oldest_python():
    found = [f"{path}:{line}" for path in SOURCES for line in too_new(path.read_text())]
    assert not found
