"""The arrows between the rooms, drawn from the code's imports and compared with the plan."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mpfcgi"
ROOMS = sorted(p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists())

ARROWS = {
    "fastcgi": set(),
    "config": set(),
    "ipc": set(),
    "importer": set(),
    "porting": set(),
    "api": {"ipc"},
    "gateway": {"fastcgi"},
    "frontend": {"config"},
    "worker": {"fastcgi", "config", "api", "ipc", "importer"},
    "supervisor": {"config", "ipc", "worker", "fastcgi"},
    "cli": {"fastcgi", "config", "ipc", "importer", "api", "gateway", "frontend", "porting", "worker", "supervisor"},
}

# Modules that alone in their room may cross a threshold.
ONLY = {
    ("supervisor", "fastcgi"): {"supervisor/destination.py", "supervisor/router.py"},
}

LIBRARIES_OF_COMMANDS = {"click", "rich"}


def imports(path: Path) -> Iterator[str]:
    """The dotted names a file imports, relative ones made absolute."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parts[: len(parts) - node.level]) if node.level else ""
            start = ".".join(part for part in (base, node.module) if part)
            yield from (f"{start}.{alias.name}" for alias in node.names)


def arrows() -> dict[tuple[str, str], set[str]]:
    """(from room, to room) -> the files that draw the arrow."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")):
        file = path.relative_to(PACKAGE)
        room = file.parts[0]
        for name in imports(path):
            package, target, *_ = [*name.split("."), ""]
            if package == "mpfcgi" and target in ROOMS and target != room:
                found.setdefault((room, target), set()).add(str(file))
    return found


def test_the_rooms_are_those_of_the_plan():
    assert set(ROOMS) == set(ARROWS)


def test_knowledge_flows_one_way():
    unplanned = {
        f"{source} -> {target}": sorted(files)
        for (source, target), files in arrows().items()
        if target not in ARROWS[source]
    }
    assert not unplanned


def test_the_supervisor_starts_workers_by_a_fork_in_one_place_and_by_an_exec_in_another():
    assert arrows()["supervisor", "worker"] == {"supervisor/supervisor.py", "supervisor/other_python.py"}


@pytest.mark.parametrize("arrow", ONLY)
def test_only_these_modules_cross_the_threshold(arrow):
    assert arrows().get(arrow, set()) <= ONLY[arrow]


def test_only_commands_import_the_command_line_libraries():
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in LIBRARIES_OF_COMMANDS
    }
    assert all(user.startswith("cli/") for user in users), users


def test_tests_share_only_what_is_no_test():
    tests = Path(__file__).parent
    shared = {
        f"{path.relative_to(tests)}: {name}"
        for path in [*tests.rglob("test_*.py"), *(tests / "support").glob("*.py")]
        for name in imports(path)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    }
    assert not shared


def test_the_wire_does_no_io():
    for path in (PACKAGE / "fastcgi").rglob("*.py"):
        assert not {"socket", "select", "selectors", "asyncio", "os"} & {n.split(".")[0] for n in imports(path)}, path
