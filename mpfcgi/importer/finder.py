"""Where a module's name leads: to which file, by the search order of manual 4.5.1.

Nothing is imported here. That no file is found is an answer (None): the name is then for Python's ordinary import.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from types import ModuleType


def is_path(name: str) -> bool:
    """Whether a module's name is the path of its file: /x.py, ./x.py, ../x.py, ~/x.py or ~x.py."""
    return name.startswith(("/", "./", "../", "~"))


def is_ordinary(name: str) -> bool:
    """Whether only Python's own import can know the name: a dotted one, or that of the API."""
    return ("." in name and "/" not in name and not is_path(name)) or name in ("mod_python", "_apache")


def absolute(path: str, folder: str, root: str | None) -> str:
    """The absolute form of `path`: after `~` it is relative to the handler root, otherwise to `folder`.

    ImportError for `~` where no handler's folder is known.
    """
    if path.startswith("~"):
        if root is None:
            raise ImportError(f"{path!r} is relative to the handler root, and no handler is being run", path=path)
        return os.path.normpath(os.path.join(root, path[1:].lstrip("/")))
    return os.path.normpath(os.path.join(folder, path))


def find(name: str, folders: Iterable[str]) -> str | None:
    """The first file `name`.py in `folders`; `name` may have folders of a pseudo package in it (`dir/module`)."""
    for folder in folders:
        file = os.path.join(folder, name + ".py")
        if os.path.isfile(file):
            return os.path.normpath(file)
    return None


def module_name(file: str) -> str:
    """The name under which sys.modules keeps the module of `file`.

    Made from the whole path, so that modules of different folders never meet. Only where ordinary import, asked for
    the plain name, would load this very file is it the plain one: then packages on sys.path that import it get the
    same module, and classes of it can be unpickled in any process of the pool.
    """
    folder, base = os.path.split(file)
    plain, extension = os.path.splitext(base)
    if extension == ".py" and folder in sys.path and "." not in plain and _is_free(sys.modules.get(plain), file):
        spec = PathFinder.find_spec(plain)
        if plain not in sys.builtin_module_names and spec is not None and spec.origin == file:
            return plain
    return "_mp_" + hashlib.md5(file.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _is_free(module: ModuleType | None, file: str) -> bool:
    """Whether sys.modules has nothing under a name, or the module of `file` as this importer loaded it."""
    return module is None or getattr(module.__dict__.get("__mp_info__"), "file", None) == file
