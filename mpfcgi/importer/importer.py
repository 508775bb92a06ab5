"""The module importer of mod_python 3.3 (manual 4.5.1): modules told apart by their file, loaded again when it changes.

A module found by a handler's name, by `apache.import_module` or by an `import` statement inside such a module is kept
by its path, so that two folders may have modules of one name. Each remembers which others it imported: when one of
them changes, those that imported it are loaded again too. All else is Python's ordinary import.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import linecache
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

Stamp = tuple[int, int, int]
_real_import = builtins.__import__


class Loaded:
    """A module that was loaded from a file, and what it depends on."""

    __slots__ = ("checked", "children", "file", "generation", "loading", "module", "ordinary", "root", "stale", "stamp")

    def __init__(self, file: str, root: str | None) -> None:
        self.file = file
        self.root = root
        self.module: ModuleType | None = None
        self.stamp: Stamp | None = None
        self.generation = 0
        self.children: dict[str, int] = {}
        self.ordinary: set[str] = set()
        self.loading = False
        self.checked = -1
        self.stale = True


class Importer:
    """The importer of one process. `log` is told of every (re)import that is to be logged."""

    def __init__(self, log: Callable[[str], None] = lambda text: None) -> None:
        self._log = log
        self._loaded: dict[str, Loaded] = {}
        self._found: dict[tuple[str, str | None], Loaded] = {}
        self._request = 0
        self._generation = 0
        self._frozen = False
        self._lock = threading.RLock()
        self.path: tuple[str, ...] = ()
        self.root: str | None = None
        self.autoreload = True
        self.logging = False

    def new_request(self) -> None:
        """A request begins: each module is looked at once more."""
        self._request += 1

    def freeze_modules(self) -> None:
        """Load nothing again until the end of the process."""
        self._frozen = True

    def load(
        self, name: str, directory: str | None, *, autoreload: bool = True, log: bool = False, path: Sequence[str] = ()
    ) -> ModuleType:
        """The module of a handler: in `directory`, in `path`, or else by ordinary import. ImportError, or what it raises.

        `directory` is also what `~/` stands for until the next call, and `autoreload`, `log` and `path` hold for the
        imports that the module does.
        """
        self.root, self.path, self.autoreload, self.logging = directory, tuple(path), autoreload, log
        loaded = self._found.get((name, directory))
        if loaded is not None and loaded.module is not None and not self._is_stale(loaded):
            return loaded.module
        with self._lock:
            file = self._find(name, (directory,) if directory else (), None)
            if file is None:
                return self._ordinary(name)
            loaded = self._load_file(file)
            self._found[(name, directory)] = loaded
            assert loaded.module is not None
            return loaded.module

    def import_module(
        self,
        name: str,
        *,
        autoreload: bool | None = None,
        log: bool | None = None,
        path: Sequence[str] | None = None,
        parent: Mapping[str, Any] | None = None,
    ) -> ModuleType:
        """What `apache.import_module` does; `parent` is the globals of the module that asks. ImportError."""
        saved = self.autoreload, self.logging
        self.autoreload = self.autoreload if autoreload is None else bool(autoreload)
        self.logging = self.logging if log is None else bool(log)
        try:
            with self._lock:
                importing = self._loaded.get(parent.get("__mp_file__", "")) if parent else None
                folders = () if _is_path(name) else tuple(path or ())
                file = self._find(name, folders, importing)
                if file is None:
                    return self._ordinary(name)
                loaded = self._load_file(file, tuple(path or ()) if _is_path(name) else ())
                if importing is not None:
                    importing.children[file] = loaded.generation
                assert loaded.module is not None
                return loaded.module
        finally:
            self.autoreload, self.logging = saved

    def module_info(self, file: str) -> Loaded | None:
        """What is known of the module loaded from `file`."""
        return self._loaded.get(os.path.abspath(file))

    # -- finding

    def _find(self, name: str, folders: Sequence[str], importing: Loaded | None) -> str | None:
        """The file for a module's name or path, None for ordinary import. ImportError for a path with no file."""
        if _is_path(name):
            file = self._located(name, importing)
            if os.path.isfile(file):
                return file
            raise ImportError(f"no module file {file}", name=name, path=file)
        relative = name + ".py"
        if "." in name or name.startswith("mod_python"):
            return None
        for folder in self._search(folders, importing):
            file = os.path.join(folder, relative)
            if os.path.isfile(file):
                return os.path.normpath(file)
        return None

    def _search(self, folders: Sequence[str], importing: Loaded | None) -> list[str]:
        found = [self._folder(folder, importing) for folder in folders]
        if importing is not None:
            found.append(os.path.dirname(importing.file))
            own = importing.module.__dict__.get("__mp_path__", ()) if importing.module else ()
            found += [self._folder(folder, importing) for folder in own]
        return found + [self._folder(folder, importing) for folder in self.path]

    def _folder(self, folder: str, importing: Loaded | None) -> str:
        folder = folder.strip("'\"")
        return self._located(folder, importing) if folder.startswith(("~", "./", "../")) else folder

    def _located(self, path: str, importing: Loaded | None) -> str:
        """An absolute path for one that starts with `~`, `./`, `../` or `/`."""
        if path.startswith("~"):
            root = (importing.root if importing is not None and importing.root else self.root) or os.getcwd()
            return os.path.normpath(
                os.path.join(root, path[1:].lstrip("/") if not path.startswith("~..") else path[1:])
            )
        if path.startswith("/"):
            return os.path.normpath(path)
        base = os.path.dirname(importing.file) if importing is not None else self.root or os.getcwd()
        return os.path.normpath(os.path.join(base, path))

    def _ordinary(self, name: str) -> ModuleType:
        if "/" in name:
            raise ImportError(f"no module {name!r} in the folders that the importer searches", name=name)
        return importlib.import_module(name)

    # -- loading

    def _is_stale(self, loaded: Loaded) -> bool:
        """Whether a module, or one that it imported, must be loaded (again); found out once a request."""
        if loaded.checked == self._request:
            return loaded.stale
        loaded.checked = self._request
        if not self.autoreload or self._frozen:
            loaded.stale = loaded.module is None
            return loaded.stale
        loaded.stale = False
        loaded.stale = loaded.stamp != _stamp(loaded.file)
        if not loaded.stale and loaded.children:
            loaded.stale = any(self._child_changed(*child) for child in loaded.children.items())
        return loaded.stale

    def _child_changed(self, file: str, generation: int) -> bool:
        child = self._loaded.get(file)
        return child is None or child.generation != generation or self._is_stale(child)

    def _load_file(self, file: str, path: Sequence[str] = ()) -> Loaded:
        loaded = self._loaded.get(file)
        if loaded is None:
            loaded = self._loaded[file] = Loaded(file, self.root)
        if loaded.loading:
            raise ImportError(f"modules import each other in a circle: {file} is still being loaded", path=file)
        if loaded.module is None or self._is_stale(loaded):
            self._execute(loaded, path)
        return loaded

    def _execute(self, loaded: Loaded, path: Sequence[str]) -> None:
        """Run a module's code in a new module; the old one stays in force when that fails."""
        file, old = loaded.file, loaded.module
        stamp = _stamp(file)
        name = _module_name(file)
        module = ModuleType(name)
        if self.logging:
            self._log(f"mod_python: {'(Re)importing' if old else 'Importing'} module '{file}'")
        self._prepare(module, loaded, path)
        if old is not None and callable(clone := old.__dict__.get("__mp_clone__")):
            clone(module)
        children, ordinary = loaded.children, loaded.ordinary
        loaded.children, loaded.ordinary, loaded.loading, loaded.module = {}, set(), True, module
        shadowed = sys.modules.get(name)
        sys.modules[name] = module
        try:
            with open(file, "rb") as source:
                code = compile(source.read(), file, "exec", dont_inherit=True)
            linecache.checkcache(file)
            exec(code, module.__dict__)
        except BaseException:
            loaded.children, loaded.ordinary, loaded.module, loaded.stamp = children, ordinary, old, None
            if shadowed is not None:
                sys.modules[name] = shadowed
            else:
                sys.modules.pop(name, None)
            loaded.checked = -1
            raise
        finally:
            loaded.loading = False
        self._generation += 1
        loaded.generation = self._generation
        loaded.stamp, loaded.stale, loaded.checked = stamp, False, self._request
        if old is not None and callable(purge := old.__dict__.get("__mp_purge__")):
            purge()

    def _prepare(self, module: ModuleType, loaded: Loaded, path: Sequence[str]) -> None:
        module.__dict__.update(
            __file__=loaded.file,
            __mp_file__=loaded.file,
            __mp_info__=loaded,
            __mp_path__=list(path),
            __builtins__={**builtins.__dict__, "__import__": self._import_statement(loaded)},
        )

    def _import_statement(self, loaded: Loaded) -> Callable[..., Any]:
        """`import` inside a module of ours: the importer first, then Python's own way."""

        def import_(
            name: str,
            globals: Mapping[str, Any] | None = None,
            locals: Mapping[str, Any] | None = None,
            fromlist: Sequence[str] = (),
            level: int = 0,
        ) -> Any:
            if level == 0 and name not in loaded.ordinary:
                with self._lock:
                    file = self._find(name, (), loaded)
                    if file is not None and file != loaded.file:
                        child = self._load_file(file)
                        loaded.children[file] = child.generation
                        return child.module
                    loaded.ordinary.add(name)
            return _real_import(name, globals, locals, fromlist, level)

        return import_


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~"))


def _stamp(file: str) -> Stamp | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _module_name(file: str) -> str:
    """A name for sys.modules: the plain one where ordinary import would find the same file, else one of its own."""
    folder, base = os.path.split(file)
    name, extension = os.path.splitext(base)
    if extension == ".py" and folder in sys.path and name.isidentifier():
        return name
    return "_mp_" + hashlib.md5(file.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
