"""`req.hlist`: the handler that is running, as the configuration names it."""

from __future__ import annotations

from typing import Any


class mp_hlist:
    """Read-only: `handler` is its name, `directory` its folder, `silent` whether it may be missing."""

    __module__ = "builtins"
    __slots__ = ("directory", "handler", "is_location", "location", "next", "silent")

    def __init__(self, spec: Any) -> None:
        self.handler = spec.name
        self.directory = spec.directory
        self.silent = int(spec.silent)
        self.is_location = int(bool(spec.spec is not None and spec.spec.is_location))
        self.location: str | None = None
        self.next: mp_hlist | None = None

    def __repr__(self) -> str:
        return (
            f"{{'handler':{self.handler!r},'directory':{self.directory!r},'is_location':{bool(self.is_location)},"
            f"'silent':{self.silent}}}"
        )
