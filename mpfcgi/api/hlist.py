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
        location = None if configured is None else _location(configured, uri)
        values = {
            "directory": spec.directory if configured is None else configured.directory or configured.location,
            "handler": spec.name,
            "is_location": int(location is not None),
            "location": location,
            "next": None,
            "silent": int(spec.silent),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"attribute {name!r} of 'mp_hlist' objects is not writable")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'mp_hlist' object has no attribute {name!r}")

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
