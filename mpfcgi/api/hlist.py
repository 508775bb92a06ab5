"""`req.hlist`: the handler that is running, as the configuration names it."""

from __future__ import annotations

import re
from typing import Any


class mp_hlist:
    """Read-only: `handler` is its name, `directory` its folder or the argument of its <Location>, `silent` whether it
    may be missing. `location` is what of the URI its <Location> covers, None outside of one."""

    __module__ = "builtins"
    __slots__ = {
        "directory": "The folder of the handler's directive, with a slash at its end, or its <Location>.",
        "handler": "Its name: 'module::function'.",
        "is_location": "1 for a handler of a <Location>.",
        "location": "What of the URI that <Location> covers; None outside of one.",
        "next": "None: handlers do not know each other.",
        "silent": "1 for one of PythonHandlerModule, which may be missing.",
    }

    def __init__(self, spec: Any, uri: str) -> None:
        configured = spec.spec
        self.handler = spec.name
        self.silent = int(spec.silent)
        self.location: str | None = None
        if configured is None:
            self.directory = spec.directory
        else:
            self.directory = configured.directory or configured.location
            self.location = _location(configured, uri)
        self.is_location = int(self.location is not None)
        self.next: mp_hlist | None = None

    def __repr__(self) -> str:
        directory = f"'directory':{self.directory!r}," if self.directory is not None else ""
        return (
            f"{{'handler':{self.handler!r},{directory}'is_location':{bool(self.is_location)},'silent':{self.silent}}}"
        )


def _location(configured: Any, uri: str) -> str | None:
    """The argument of the handler's <Location>; of an expression or a pattern, what it found in the URI."""
    argument: str | None = configured.location
    if argument is None:
        return None
    if configured.location_regex:
        found = re.search(argument, uri)
        return found[0] if found else uri
    return uri if any(char in argument for char in "*?[") else argument
