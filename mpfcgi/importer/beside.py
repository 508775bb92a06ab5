"""What nothing else finds, in the folders of handlers: for Python's own import, whoever asks.

Releases before 3.3, and 3.5 again, have these folders on sys.path, and sites rely on it: they keep packages there, and
name modules to libraries (`DJANGO_SETTINGS_MODULE`). A package is Python's from then on, and not loaded again (manual
4.5.1); a module is the one that handlers have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class Beside(MetaPathFinder):
    """The last finder of a process. `folders` gives those to search, `module` the module of a file; a module for which
    `is_left` is true is not found."""

    def __init__(
        self, folders: Callable[[], list[str]], is_left: Callable[[str], bool], module: Callable[[str], ModuleType]
    ) -> None:
        self._folders, self._is_left = folders, is_left
        self._loader = _Shared(module)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Only a name without dots: what is in a package is found by the package's path."""
        if path is not None or "." in name:
            return None
        spec = PathFinder.find_spec(name, self._folders())
        if spec is not None and spec.submodule_search_locations is None and (spec.origin or "").endswith(".py"):
            if self._is_left(name):
                return None
            spec.loader = self._loader
        return spec

    def install(self) -> None:
        """Be asked from now on, in the place of another one."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Beside)]
        sys.meta_path.append(self)


class _Shared(Loader):
    def __init__(self, module: Callable[[str], ModuleType]) -> None:
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        assert spec.origin is not None
        return self._module(spec.origin)

    def exec_module(self, module: ModuleType) -> None:
        pass
