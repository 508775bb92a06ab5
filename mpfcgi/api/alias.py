"""`import mod_python` in a worker: our modules under mod_python's names, with no package of that name installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

# The modules of mod_python, by name; ours have the same.
MODULES = (
    "apache", "util", "Cookie", "Session", "psp", "_psp", "publisher", "cgihandler", "wsgi", "testhandler", "version",
    "cache", "httpdconf",
)  # fmt: skip
# Those of a star import from the package.
_STARRED = ["apache", "cgihandler", "psp", "publisher", "util", "version"]


class _Finder(MetaPathFinder, Loader):
    """Finds mod_python, its modules and _apache; each is loaded when it is first asked for."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "mod_python":
            return ModuleSpec(name, self, is_package=True)
        package, _, module = name.rpartition(".")
        if name == "_apache" or (package == "mod_python" and self._exists(module)):
            return ModuleSpec(name, self)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        name = spec.name
        if name == "mod_python":
            package = ModuleType(name, "mod_python's API, by mpfcgi")
            package.__path__ = []
            package.__all__ = _STARRED  # type: ignore[attr-defined]
            package.__file__ = importlib.import_module("mpfcgi.api").__file__
            package.version = importlib.import_module("mpfcgi.api.version")  # type: ignore[attr-defined]
            package.mp_version = package.version.version  # type: ignore[attr-defined]
            return package
        return importlib.import_module("mpfcgi.api." + name.removeprefix("mod_python."))

    def exec_module(self, module: ModuleType) -> None:
        pass

    def _exists(self, module: str) -> bool:
        return module in MODULES and importlib.util.find_spec("mpfcgi.api." + module) is not None


def install() -> None:
    """From now on this process has a mod_python. Modules that were imported keep what they have."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
