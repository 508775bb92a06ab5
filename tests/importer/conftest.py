"""A folder of modules, an importer, and requests for its handlers."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Optional

import pytest

from mpfcgi.importer import Importer


class Site:
    """Writes modules below `root` and imports them as a worker does: each `load` is a request of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logged: list[str] = []
        self.importer = Importer(self.logged.append)

    def write(self, name: str, text: str) -> str:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return str(file)

    def load(self, name: str, folder: str = "", **rules: object) -> ModuleType:
        self.importer.new_request()
        return self.again(name, folder, **rules)

    def again(self, name: str, folder: str = "", **rules: object) -> ModuleType:
        """A further handler of the same request."""
        return self.importer.load(name, str(self.root / folder), **rules)

    def import_module(self, name: str, parent: Optional[ModuleType] = None, **rules: object) -> ModuleType:
        return self.importer.import_module(name, parent=parent.__dict__ if parent else None, **rules)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    modules, path = dict(sys.modules), list(sys.path)
    yield Site(tmp_path)
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
