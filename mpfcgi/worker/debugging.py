"""PythonEnablePdb: handlers that run in the debugger pdb (manual 5.4.1)."""

from __future__ import annotations

import pdb
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mpfcgi.api import Request
from mpfcgi.api.constants import APLOG_WARNING
from mpfcgi.worker.handlers import MISSING, Handler

NO_TERMINAL = "PythonEnablePdb is On, but a worker has no terminal for pdb: start the daemon with `mpfcgi run -X`"


class DebuggedHandler(Handler):
    """A handler whose function is entered with a pdb prompt."""

    __slots__ = ()

    def __init__(self, name: str | Callable[[Request], object], *more: Any, **others: Any) -> None:
        super().__init__(name, *more, **others)
        if self.function is not None:
            self.function = _debugged(self.function)

    def find(self, module: ModuleType, req: Request) -> Any:
        """The object in `module`, wrapped for pdb; MISSING and AttributeError as without."""
        found = super().find(module, req)
        return found if found is MISSING else _debugged(found)


def _debugged(function: Callable[[Request], object]) -> Callable[[Request], object]:
    def in_debugger(req: Request) -> object:
        if not req._services.alone:
            req.log_error(NO_TERMINAL, APLOG_WARNING)
            return function(req)
        return pdb.runcall(function, req)

    return in_debugger
