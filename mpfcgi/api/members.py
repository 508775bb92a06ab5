"""The kinds of members that a request has: read-only, text, integers. Types are checked as mod_python checks them.

A member `uri` keeps its value in `_uri`, where our own code reads and sets it without a check. Reading one costs what
an attribute costs, for `attrgetter` is C.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter, index
from typing import Any, SupportsIndex


def not_copied(self: Any, protocol: SupportsIndex, /) -> Any:
    """For `__reduce_ex__`: what belongs to a request is neither copied nor pickled. TypeError."""
    raise TypeError(f"cannot pickle {type(self).__name__!r} object")


def read_only(attribute: str, doc: str = "") -> Any:
    """A member that handlers can't set: AttributeError."""
    return property(attrgetter(attribute), doc=doc)


def integer(attribute: str, doc: str = "") -> Any:
    """A member that takes integers; True and False become 1 and 0. TypeError for anything else."""

    def store(self: Any, value: Any) -> None:
        setattr(self, attribute, index(value) + 0)

    return property(attrgetter(attribute), store, doc=doc)


def text(
    attribute: str, doc: str = "", *, may_be_none: bool = False, get: Callable[[Any], str | None] | None = None
) -> Any:
    """A member that takes str, or bytes, which are UTF-8. TypeError for anything else. `get` reads it in its own way."""

    def store(self: Any, value: Any) -> None:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        elif not isinstance(value, str) and not (value is None and may_be_none):
            raise TypeError(f"{attribute[1:]} must be a string, not {type(value).__name__}")
        setattr(self, attribute, value)

    return property(get or attrgetter(attribute), store, doc=doc)
