"""From a handler's name in the configuration to its result: find the object, call it, read what it returned.

Manual sections 4.2 and 5.1.1. What a handler raises is for `failures`, except SERVER_RETURN, which is a result.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mpfcgi.api import Connection, Request
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.importer import Importer, Wanted

WRONG_TYPE = (
    "Handler has returned result or raised SERVER_RETURN\n"
    "exception with argument having non integer type. Type of value returned\n"
    "was {}, whereas expected <class 'int'>."
)
# What `Handler.find` gives for an object that may be missing, and is.
MISSING = object()
# The result of such a handler: that of the ones before it stays. Told by identity, so that no handler can return it.
SKIPPED = -(1 << 64)


class Handler:
    """A handler as the configuration names it: `module::object.attribute`, run in one phase; or a callable.

    `directory` (with a trailing slash) is where the module is looked for first. A `silent` handler
    (PythonHandlerModule) that its module does not have is skipped.
    """

    __slots__ = ("directory", "function", "module", "name", "objects", "silent", "spec", "wanted")

    def __init__(
        self,
        name: str | Callable[[Any], object],
        default_object: str,
        directory: str | None,
        silent: bool = False,
        spec: Any = None,
    ) -> None:
        self.function = None if isinstance(name, str) else name
        self.name = name if isinstance(name, str) else repr(name)
        self.module, named, objects = self.name.partition("::")
        self.objects = (objects if named else default_object).split(".")
        self.directory = directory
        self.silent = silent
        self.spec = spec
        self.wanted: Wanted | None = None

    def find(self, module: ModuleType, req: Any) -> Any:
        """The object in `module`, for a request, a filter or a connection; MISSING when it isn't there and may be missing.

        AttributeError otherwise.
        """
        names = self.objects
        try:
            found: Any = module.__dict__[names[0]]
        except KeyError:
            if self.silent:
                return MISSING
            raise AttributeError(f"module {module.__file__!r} contains no {names[0]!r}")
        for name in names[1:]:
            # A class on the way is instantiated with the request (manual 5.1.1), if it has the next name at all: what
            # only its instances have is not to be reached from the configuration.
            if isinstance(found, type):
                getattr(found, name)
                found = found(req)
            found = getattr(found, name)
        return found  # type: ignore[no-any-return]


def call(
    handler: Handler,
    req: Request | Connection,
    importer: Importer,
    rules: ImportRules,
    looked_at: str | None = None,
    status: os.stat_result | None = None,
) -> int:
    """Import the handler's module, call it, and return its result; SKIPPED for one that may be missing, and is.

    Raises what the handler raises.

    `status` is that of the file `looked_at`, which the request asks for.
    """
    wanted = handler.wanted
    if wanted is None:
        scope = (handler.directory, rules.path, rules.autoreload, rules.log)
        wanted = handler.wanted = Wanted(handler.module, scope)
    module = importer.fetch(wanted, looked_at, status)
    function = handler.find(module, req)
    if function is MISSING:
        return SKIPPED
    return run(function, req)


def run(function: Callable[[Any], object], req: Request | Connection) -> int:
    """Call `function(req)`, with a connection for connection handlers: its result, or SERVER_RETURN's.

    AssertionError when that is no int.
    """
    try:
        result = function(req)
    except SERVER_RETURN as returned:
        # Without arguments it says nothing, and is an error like any other.
        if not returned.args:
            raise
        result = returned.args[0]
        if isinstance(req, Request) and len(returned.args) > 1 and returned.args[1] is not None and type(result) is int:
            req.status = returned.args[1]
    if type(result) is not int:
        raise AssertionError(WRONG_TYPE.format(type(result)))
    return result


class ImportRules:
    """How the modules of one Settings are imported."""

    __slots__ = ("autoreload", "log", "path")

    def __init__(self, autoreload: bool, log: bool, path: tuple[str, ...]) -> None:
        self.autoreload, self.log, self.path = autoreload, log, path
