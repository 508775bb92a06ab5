"""PythonEnablePdb: handlers that run in the debugger pdb (manual 5.4.1)."""

from __future__ import annotations

import pdb
from collections.abc import Callable
from typing import Any

from mpfcgi.api import services
from mpfcgi.api.constants import APLOG_WARNING
from mpfcgi.worker.handlers import MISSING, Handler

NO_TERMINAL = "PythonEnablePdb is On, but a worker has no terminal for pdb: start the daemon with `mpfcgi run -X`"


class DebuggedHandler(Handler):
    """A handler whose function is entered with a pdb prompt."""

    __slots__ = ()

    def __init__(self, name: str | Callable[[Any], object], *more: Any, **others: Any) -> None:
        super().__init__(name, *more, **others)
        if self.function is not None:
            self.function = _debugged(self.function)

    def find(self, module: Any, subject: Any) -> Any:
        """The object in `module`, wrapped for pdb; MISSING and AttributeError as without."""
        found = super().find(module, subject)
        return found if found is MISSING else _debugged(found)


def _debugged(function: Callable[[Any], object]) -> Callable[[Any], object]:
    def in_debugger(subject: Any) -> object:
        if not services.current().alone:
            services.current().log(APLOG_WARNING, NO_TERMINAL)
            return function(subject)
        return pdb.runcall(function, subject)

    return in_debugger
