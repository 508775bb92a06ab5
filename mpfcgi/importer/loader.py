"""Loading: the source of a file, run in a new module object (manual 4.5.1).

The old module is served until the new one is complete, and not after an attempt that failed. Modules have their say in
it: `__mp_clone__` hands their state to the next one, `__mp_purge__` releases what they hold.
"""

from __future__ import annotations

import itertools
import linecache
import sys
import threading
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

from mpfcgi.importer.graph import Node


class Loader:
    """Loads modules one at a time, as they depend on each other.

    `builtins` gives those that modules are to have; `log` is given a line for every load that is to be logged.
    """

    def __init__(self, builtins: Callable[[], dict[str, Any]], log: Callable[[str], None]) -> None:
        self._builtins = builtins
        self._log = log
        self._generations = itertools.count(1)
        # Only taken on the way to a load.
        self.lock = threading.RLock()

    def load(self, node: Node, generation: int, request: int, logged: bool) -> ModuleType:
        """The module of a node, loaded unless another thread has done so since the node was of `generation`.

        In a circle, where it is being loaded right now, it is what there is of it, as Python has it. What the module
        raises.
        """
        with self.lock:
            if node.loading is not None:
                return node.loading
            if node.module is None or node.generation == generation:
                self._execute(node, request, logged)
            assert node.module is not None
            return node.module

    def give_up(self, node: Node) -> None:
        """The file of a node is gone: its module goes, too, and those that depend on it are stale."""
        with self.lock:
            node.generation = next(self._generations)
            module = node.module or node.previous
            node.module = None
            if module is not None:
                if sys.modules.get(node.label) is module:
                    del sys.modules[node.label]
                self._purge(module)

    def _execute(self, node: Node, request: int, logged: bool) -> None:
        """Run a module's source in a new module object and put that in the place of the old one."""
        old = node.previous = node.module or node.previous
        if logged:
            self._log(f"mod_python: {'Importing' if old is None else '(Re)importing'} module '{node.file}'")
        stamp, failed_before = node.stamp, node.module is None and node.generation > 0
        registered = sys.modules.get(node.label)
        node.children = {}
        node.forget_names()
        try:
            code = compile(node.read(), node.file, "exec", dont_inherit=True)
            node.loading = self._new_module(node)
            node.coming = next(self._generations)
            self._clone(node)
            sys.modules[node.label] = node.loading
            linecache.checkcache(node.file)
            exec(code, node.loading.__dict__)
        except BaseException as error:
            # The same failure again is no change for those that can do without this module.
            if not failed_before or node.stamp != stamp:
                node.generation = next(self._generations)
            node.module = node.loading = None
            node.coming = 0
            _register(node.label, registered if node.previous is not None else None)
            if isinstance(error, FileNotFoundError) and error.filename == node.file:
                raise ImportError(f"the module file {node.file} is gone", name=node.label, path=node.file) from None
            raise
        # Python's errors say of a module that was asked for what it does not have yet that it is being loaded.
        node.loading.__spec__._initializing = False  # type: ignore[union-attr]
        node.module, node.loading, node.previous = node.loading, None, None
        node.generation, node.coming = node.coming, 0
        node.stale, node.checked = False, request
        if old is not None and "__mp_clone__" not in old.__dict__:
            self._purge(old)

    def _new_module(self, node: Node) -> ModuleType:
        module = ModuleType(node.label)
        # It loads nothing: libraries ask it for the files beside a module (pkgutil.get_data, jinja2's PackageLoader).
        files = SourceFileLoader(node.label, node.file)
        spec = ModuleSpec(node.label, files, origin=node.file)
        spec.has_location = True
        spec._initializing = True  # type: ignore[attr-defined]
        module.__dict__.update(
            __file__=node.file,
            __spec__=spec,
            __loader__=files,
            __package__="",
            __builtins__=self._builtins(),
            __mp_info__=node,
            __mp_path__=list(node.path),
        )
        return module

    def _clone(self, node: Node) -> None:
        """Let the old module hand its state to the empty new one; if that fails, both are given up."""
        old = node.previous
        clone = old.__dict__.get("__mp_clone__") if old is not None else None
        if old is None or clone is None:
            return
        try:
            clone(node.loading)
        except BaseException:
            node.previous = None
            self._purge(old)
            raise

    def _purge(self, module: ModuleType) -> None:
        """A module is given up: let it release what it holds. Whether it can is its own affair, and only logged."""
        purge = module.__dict__.get("__mp_purge__")
        if purge is None:
            return
        try:
            purge()
        except Exception as error:
            self._log(f"mod_python: __mp_purge__ of {module.__file__} failed: {type(error).__name__}: {error}")


def _register(name: str, module: ModuleType | None) -> None:
    if module is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = module
