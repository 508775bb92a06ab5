"""`mod_python.apache`: constants and functions (manual 4.5.1, 4.5.2).

And two attributes: `interpreter` is the name of the interpreter that this process belongs to, `main_server` the server
object of the main server.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mpfcgi.api import services
from mpfcgi.api.constants import *  # noqa: F403
from mpfcgi.api.constants import APLOG_ERR, METHOD_NUMBERS
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.finfo import mp_finfo
from mpfcgi.api.request import mp_request
from mpfcgi.api.server import mp_server
from mpfcgi.api.table import mp_table, table
from mpfcgi.api.text import loggable

__all__ = [name for name in dir() if name.isupper()] + [
    "SERVER_RETURN", "allow_methods", "build_cgi_env", "config_tree", "exists_config_define", "freeze_modules",
    "import_module", "log_error", "make_table", "module_info", "mpm_query", "register_cleanup", "server_root", "stat",
    "table",
]  # fmt: skip


def log_error(message: str | None, level: int = APLOG_ERR, server: Any = None) -> None:
    """Write a line to the error log of `server`, a server object, or of the main server (manual 4.5.2).

    `level` is one of APLOG_*: lines above LogLevel are left out; APLOG_NOERRNO, added to it, has no effect. None is no
    message. TypeError for a `message` that is no str, or a `server` that is none.
    """
    if server is not None and not isinstance(server, mp_server):
        raise TypeError(f"log_error() takes a server object, not {type(server).__name__}")
    if loggable(message, level):
        services.current().log(level & 7, message, server=server)


def import_module(
    module_name: str, autoreload: int | None = None, log: int | None = None, path: list[str] | None = None
) -> ModuleType:
    """Import a module through the module importer: loaded again when it, or one that it imports, has changed.

    `module_name` is a name, or a path: '/srv/x.py', './x.py' beside the caller, '~/x.py' in the handler's folder. 1 or 0
    for `autoreload` and `log` say whether it may be loaded again and whether the log says so; they default to
    PythonAutoReload and PythonDebug of the request that is being served. `path` are folders to search for the name.
    ImportError when it isn't found (manual 4.5.1).
    """
    return services.current().import_module(module_name, autoreload, log, path)  # type: ignore[no-any-return]


def freeze_modules() -> None:
    """Load no module again until the end of the process, whatever changes (manual 4.5.1)."""
    services.current().importer.freeze_modules()


def module_info(path: str) -> Any:
    """What the importer knows of the module loaded from `path`; None when there is none."""
    return services.current().importer.module_info(path)


def allow_methods(*args: Any) -> int:
    """The bit mask of some methods: `allow_methods([req,] M_GET, M_POST...)`.

    When the first argument is a request, `req.allowed` and its Allow header are set, too. `req.allow_methods` does the
    same by name.
    """
    req, methods = (args[0], args[1:]) if args and isinstance(args[0], mp_request) else (None, args)
    mask = 0
    for method in methods:
        mask |= 1 << method
    if req is not None:
        req._allowed |= mask
        req.allow_methods(name for name, number in METHOD_NUMBERS.items() if mask & 1 << number)
    return mask


def exists_config_define(name: str) -> bool:
    """Whether the daemon was started with `-D name`, or its configuration has Define for it. TypeError for no str."""
    if not isinstance(name, str):
        raise TypeError(f"exists_config_define() takes a string, not {type(name).__name__}")
    return name in services.current().config.defines


def config_tree() -> list[Any]:
    """The server's configuration: ('Name', 'arguments') of each directive, and ('<Name', 'arguments>') of a section, with
    a list of what it contains behind it, if anything.

    A copy; directives of `.htaccess` files are not in it.
    """
    return _listed(services.current().config.tree)


def _listed(nodes: Any) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        if hasattr(node, "children"):
            found.append(("<" + node.name, node.text.strip() + ">"))
            # As in mod_python, an empty section has no list.
            found += [_listed(node.children)] if node.children else []
        else:
            found.append((node.name, node.text.strip()[len(node.name) :].strip()))
    return found


def server_root() -> str:
    """What ServerRoot says: an absolute path."""
    return str(services.current().config.server_root)


def mpm_query(code: int) -> int:
    """A figure of the process model, by an AP_MPMQ_* code; a pool is a set of forked daemons.

    0, AP_MPMQ_NOT_SUPPORTED, for unknown codes; TypeError for no int.
    """
    if not isinstance(code, int):
        raise TypeError(f"mpm_query() takes an integer, not {type(code).__name__}")
    return int(services.current().mpm_query(code))


def register_cleanup(callable: Callable[[Any], object], data: Any = None) -> None:
    """Call `callable(data)` when the process ends, the last registered first. ValueError when it can't be called (manual 4.5.2)."""
    services.current().register_cleanup(callable, data)


def stat(fname: str, wanted: int) -> mp_finfo:
    """File information; all members are None for a missing file. `wanted` (APR_FINFO_*) is always exceeded.

    With APR_FINFO_LINK a symbolic link is not followed. TypeError for other types; OSError when the file can't be asked.
    """
    if not isinstance(fname, str) or not isinstance(wanted, int):
        raise TypeError("stat() takes a file name and one of APR_FINFO_*")
    try:
        return mp_finfo(fname, os.stat(fname, follow_symlinks=not wanted & APR_FINFO_LINK))  # noqa: F405
    except FileNotFoundError:
        return mp_finfo(None, None)


# As the manual's example of req.finfo calls them; 3.5 has them by their shorter names only.
_OTHER_NAMES = {"FINFO_USER": FINFO_UID, "FINFO_GROUP": FINFO_GID}  # noqa: F405

# The old name of `table`.
make_table = mp_table


def build_cgi_env(req: mp_request) -> mp_table:
    """The environment of a CGI script for `req` (RFC 3875), as a table of its own."""
    req.add_cgi_vars()
    env = req.subprocess_env.copy()
    env["GATEWAY_INTERFACE"] = "Python-CGI/1.1"
    authorization = req.headers_in.get("Authorization")
    if authorization:
        env["HTTP_AUTHORIZATION"] = authorization
    return env


def __getattr__(name: str) -> Any:
    if name == "interpreter":
        return services.current().name
    if name == "main_server":
        return services.current().main_server
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    raise AttributeError(f"module 'mod_python.apache' has no attribute {name!r} (manual section 4.5)")
