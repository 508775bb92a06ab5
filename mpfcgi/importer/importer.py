"""The importer itself: modules told apart by their file, loaded again when it or one they depend on has changed.

Answers to manual 4.5.1 (import_module), 5.4.8 (PythonAutoReload) and `mod_python.importer.path`: what a name means
where it is said, and whether the module that is there will do.
"""

from __future__ import annotations

import builtins
import importlib.util
import itertools
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Optional

from mpfcgi.importer import finder, statement
from mpfcgi.importer.beside import Beside
from mpfcgi.importer.graph import Node, is_stale
from mpfcgi.importer.loader import Loader

# What holds for the imports of a handler: handler root, importer path, autoreload, log.
Scope = tuple[Optional[str], tuple[str, ...], bool, bool]
NO_HANDLER: Scope = (None, (), True, False)


class Wanted:
    """A handler's module as a configuration asks for it, request after request.

    `node` is where it was found last; `ordinary` says that Python's own import found it.
    """

    __slots__ = ("name", "node", "ordinary", "scope")

    def __init__(self, name: str, scope: Scope) -> None:
        self.name, self.scope = name, scope
        self.node: Node | None = None
        self.ordinary = False


class _Here(threading.local):
    """Of each thread: the request it serves, what holds for the handler it runs, and the name that the importer asks
    Python for right now."""

    request = 0
    scope: Scope | None = None
    asked: str | None = None


class Importer:
    """The importer of one process. `log` is given a line for every import that is to be logged."""

    def __init__(self, log: Callable[[str], None] = lambda text: None) -> None:
        self._nodes: dict[str, Node] = {}
        self._wanted: dict[tuple[str, Scope], Wanted] = {}
        self._here = _Here()
        self._requests = itertools.count(1)
        self._frozen = False
        self._roots: dict[str, None] = {}
        self._builtins = statement.make(self._imported_by_statement, self._from_python, self._in_a_root)
        self._builtins_known = len(self._builtins)
        self._loader = Loader(self._fresh_builtins, log)

    def install(self) -> None:
        """Let all code of this process find what lies beside handlers and nowhere else."""
        # What the importer asks for it looks for itself, to know who depends on it.
        Beside(self._all_roots, lambda name: name == self._here.asked, self.load_file).install()

    def new_request(self) -> None:
        """A request begins in this thread: the files of modules that it uses are looked at once more."""
        self._here.request = next(self._requests)
        if len(builtins.__dict__) != self._builtins_known:
            self._fresh_builtins()

    @property
    def scope(self) -> Scope | None:
        """What the last `load` in this thread said. To be put back after a handler that ran inside of another."""
        return self._here.scope

    @scope.setter
    def scope(self, scope: Scope | None) -> None:
        self._here.scope = scope

    def freeze_modules(self) -> None:
        """Load nothing again until the end of the process, whatever else is said."""
        self._frozen = True

    def load(
        self,
        name: str,
        directory: str | None,
        *,
        autoreload: bool = True,
        log: bool = False,
        path: tuple[str, ...] = (),
    ) -> ModuleType:
        """The module of a handler: in `directory`, in `path`, or else by ordinary import.

        `directory` is the handler root; it and the others hold for all imports in this thread until the next call.
        ImportError when there is no such module; what the module raises.
        """
        scope = (directory, path, autoreload, log)
        wanted = self._wanted.get((name, scope))
        if wanted is None:
            wanted = self._wanted[(name, scope)] = Wanted(name, scope)
        return self.fetch(wanted)

    def fetch(self, wanted: Wanted, looked_at: str | None = None, status: os.stat_result | None = None) -> ModuleType:
        """The same for who keeps what it wants: the way of every request.

        `status` is that of the file `looked_at`, which often is the module's own, as of this request.
        """
        here = self._here
        here.scope = scope = wanted.scope
        node = wanted.node
        if node is not None:
            module = node.module
            if module is not None and (
                not scope[2]
                or self._frozen
                or not is_stale(node, here.request, (), status if node.file == looked_at else None)
            ):
                return module
        elif wanted.ordinary and (module := sys.modules.get(wanted.name)) is not None:
            return module
        return self._load_slowly(wanted)

    def import_module(
        self,
        name: str,
        *,
        autoreload: bool | None = None,
        log: bool | None = None,
        path: Sequence[str] | None = None,
        parent: Mapping[str, Any] | None = None,
    ) -> ModuleType:
        """What `apache.import_module` does; `parent` is the globals of the module that calls it.

        `autoreload` and `log` default to those of the handler that runs. ImportError when there is no such module;
        what the module raises.
        """
        before = self._here.scope
        root, importer_path, default_autoreload, default_log = before or NO_HANDLER
        self._here.scope = (
            root,
            importer_path,
            default_autoreload if autoreload is None else bool(autoreload),
            default_log if log is None else bool(log),
        )
        try:
            return self._import(name, tuple(path or ()), parent or {})
        finally:
            self._here.scope = before

    def load_file(self, file: str, status: os.stat_result | None = None) -> ModuleType:
        """The module of a file that is there, for the handler that runs; `status` is the file's, if that is known.

        What the module raises.
        """
        node = self._nodes.get(file)
        if node is not None and node.module is not None and not self._must_reload(node, status):
            return node.module
        return self._loaded(file, None)

    def names_for(self, file: str) -> dict[str, Any]:
        """The names that code of `file`, which is no module, must have as globals to import as modules do."""
        node = Node(file, finder.module_name(file), self._root(None))
        return {"__builtins__": self._fresh_builtins(), "__mp_info__": node, "__mp_path__": []}

    def module_info(self, file: str) -> Node | None:
        """What is known of the module of `file`; None when it was never loaded."""
        return self._nodes.get(os.path.abspath(file))

    # -- from a name to a module

    def _load_slowly(self, wanted: Wanted) -> ModuleType:
        name = wanted.name
        root, path, autoreload, _ = wanted.scope
        if root:
            self._roots.setdefault(root)
        if finder.is_ordinary(name):
            wanted.ordinary = True
            return importlib.import_module(name)
        here = root or os.getcwd()
        if finder.is_path(name):
            folders = []
            file: str | None = self._file_at(finder.absolute(name, here, root))
        else:
            folders = ([root] if root else []) + [finder.absolute(folder, here, root) for folder in path]
            file = finder.find(name, folders)
        if file is None:
            return self._ordinary(name, None)
        with self._loader.lock:
            node = self._node(file, root)
            module = self._current(node)
            # A file found further on could be shadowed by a new one before it: that one is searched for every time.
            if not folders or os.path.dirname(file) == folders[0].rstrip("/") or not autoreload or self._frozen:
                wanted.node = node
        return module

    def _import(self, name: str, path: tuple[str, ...], parent: Mapping[str, Any]) -> ModuleType:
        node: Node | None = parent.get("__mp_info__")
        root = self._root(node)
        folder = os.path.dirname(parent.get("__file__") or "") or root or os.getcwd()
        if finder.is_path(name):
            return self._loaded(self._file_at(finder.absolute(name, folder, root)), node, path)
        if finder.is_ordinary(name):
            return importlib.import_module(name)
        folders = [finder.absolute(entry, folder, root) for entry in path] + self._folders(node, root)
        file = finder.find(name, folders)
        return self._ordinary(name, node) if file is None else self._loaded(file, node)

    def _imported_by_statement(self, node: Node, name: str) -> ModuleType | None:
        """What `import name` in the module of `node` means; None leaves it to Python."""
        child = node.found.get(name)
        if child is not None:
            module = child.module
            if module is not None and not self._must_reload(child):
                node.depend_on(child)
                return module
        if finder.is_ordinary(name):
            return None
        root = self._root(node)
        file = finder.find(name, self._folders(node, root))
        if file is None:
            return self._known(name, node)
        if file == node.file:
            return self._itself(name, node)
        # What lies elsewhere could be shadowed by a new file beside the module: that is searched for every time.
        if os.path.dirname(file) == node.folder:
            node.found[name] = self._node(file, root)
        return self._loaded(file, node)

    def _folders(self, node: Node | None, root: str | None) -> list[str]:
        """Where the modules that a module imports are searched: beside it, in its `__mp_path__`, the importer's path."""
        _, path, _, _ = self._here.scope or NO_HANDLER
        if node is None:
            here = root or os.getcwd()
            return [finder.absolute(entry, here, root) for entry in path] + ([root] if root else [])
        module = node.loading or node.module or node.previous
        own = module.__dict__.get("__mp_path__", ()) if module is not None else ()
        return [node.folder] + [finder.absolute(entry, node.folder, root) for entry in (*own, *path)]

    def _root(self, node: Node | None) -> str | None:
        """The handler root; where no handler runs, the one for which the module was loaded."""
        scope = self._here.scope
        if scope is not None:
            return scope[0]
        return node.root if node is not None else None

    def _file_at(self, file: str) -> str:
        if os.path.isfile(file):
            return file
        self._drop(file)
        raise ImportError(f"there is no module file {file}", path=file)

    def _ordinary(self, name: str, node: Node | None) -> ModuleType:
        """A module that this importer did not find: Python's. ImportError."""
        if "/" in name:
            raise ImportError(f"there is no {name}.py in the folders that are searched", name=name)
        known = self._known(name, node)
        if known is not None:
            return known
        try:
            return self._from_python(name, lambda: importlib.import_module(name))
        except ModuleNotFoundError as error:
            return self._in_a_root(name, node, error)

    def _from_python(self, name: str, ask: Callable[[], ModuleType]) -> ModuleType:
        """What `ask` gives, which asks Python for `name`; a module beside some handler is not found by that."""
        here = self._here
        before, here.asked = here.asked, name
        try:
            return ask()
        finally:
            here.asked = before

    def _in_a_root(self, name: str, node: Node | None, missing: ModuleNotFoundError) -> ModuleType:
        """A module that nothing else finds, beside some handler. Raises `missing` when it isn't there either.

        Releases before 3.3, and 3.5 again, put the folder of every handler on sys.path, and sites rely on it.
        """
        file = finder.find(name, self._all_roots()) if missing.name == name and "." not in name else None
        if file is None:
            raise missing
        return self._loaded(file, node)

    def _all_roots(self) -> list[str]:
        """The folders of handlers, first that of the one that runs."""
        root = (self._here.scope or NO_HANDLER)[0]
        return [root, *self._roots] if root else list(self._roots)

    def _known(self, name: str, node: Node | None) -> ModuleType | None:
        """The module that Python has under a plain name, if it is one of ours: then it must be checked like them."""
        info = getattr(sys.modules.get(name), "__mp_info__", None)
        if not isinstance(info, Node):
            return None
        if not os.path.isfile(info.file):
            self._drop(info.file)
            return None
        return self._loaded(info.file, node)

    def _itself(self, name: str, node: Node) -> ModuleType | None:
        """`import x` in x.py: the x of Python, if it has one (a handler calendar.py may want it), or x.py itself."""
        try:
            found = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            found = None
        if found is not None and found.origin != node.file:
            return None
        return node.loading or node.module

    # -- loading

    def _node(self, file: str, root: str | None) -> Node:
        node = self._nodes.get(file)
        if node is None:
            node = self._nodes[file] = Node(file, finder.module_name(file), root)
        return node

    def _loaded(self, file: str, parent: Node | None, path: tuple[str, ...] = ()) -> ModuleType:
        """The module of `file` as it is now, imported by `parent`."""
        node = self._node(file, self._root(parent))
        if path:
            node.path = path
        try:
            return self._current(node)
        finally:
            # Also when it failed: a parent that can do without is loaded again when the child is mended.
            if parent is not None and parent is not node and (node.generation or node.coming):
                parent.depend_on(node)

    def _current(self, node: Node) -> ModuleType:
        """The module of a node, loaded if need be. What it raises."""
        module, generation = node.module, node.generation
        if module is not None and not self._must_reload(node):
            return module
        _, _, _, logged = self._here.scope or NO_HANDLER
        return self._loader.load(node, generation, self._here.request, logged)

    def _must_reload(self, node: Node, status: os.stat_result | None = None) -> bool:
        _, _, autoreload, _ = self._here.scope or NO_HANDLER
        return autoreload and not self._frozen and is_stale(node, self._here.request, (), status)

    def _drop(self, file: str) -> None:
        """Forget a module whose file is gone."""
        with self._loader.lock:
            node = self._nodes.pop(file, None)
            if node is not None:
                self._loader.give_up(node)

    def _fresh_builtins(self) -> dict[str, Any]:
        """The builtins for loaded modules, with what Python's have now."""
        statement.refresh(self._builtins)
        self._builtins_known = len(self._builtins)
        return self._builtins
