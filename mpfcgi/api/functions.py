"""What the code of a function says of it, read once: the arguments it takes, and whether it has guards in it.

For the publisher and `util.apply_fs_data`, who ask for every request.
"""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType, MethodType, MethodWrapperType
from typing import Final, NamedTuple

GUARDS: Final = ("__auth__", "__access__", "__auth_realm__")
# A module that is loaded anew brings new code each time.
_KEPT = 2000


class Taken(NamedTuple):
    """The arguments that a callable takes by position: their names (None when it takes all), whether `req` is one of
    them, and whether there are others."""

    names: frozenset[str] | None
    req: bool
    fields: bool


class Facts(NamedTuple):
    """Of a function's code: what it takes, and whether it assigns one of `GUARDS`."""

    code: CodeType
    taken: Taken
    guarded: bool


# By the code's id, which stays its own while it is kept here: code is compared by its contents, which takes time.
_known: dict[int, Facts] = {}


def facts_of(function: FunctionType) -> Facts:
    """The facts of a function that is written in Python."""
    code = function.__code__
    known = _known.get(id(code))
    if known is None:
        if len(_known) >= _KEPT:
            _known.clear()
        guarded = any(name in code.co_varnames or name in code.co_cellvars for name in GUARDS)
        known = _known[id(code)] = Facts(code, _taken(code, 0), guarded)
    return known


def taken_by(object: object) -> Taken:
    """What `apply_fs_data` may pass to a callable. Nothing where that can't be told, as of built-in functions."""
    if type(object) is FunctionType:
        return facts_of(object).taken
    if isinstance(object, type):
        function = object.__init__  # type: ignore[misc]
    elif hasattr(object, "__code__") or hasattr(object, "__func__"):
        function = object
    else:
        # What is called may be a plain function, or an object with a __call__ of its own.
        function = getattr(object, "__call__", None)  # noqa: B004
        if function is not None and not isinstance(function, (MethodType, MethodWrapperType)):
            return taken_by(function)
    return _taken(getattr(getattr(function, "__func__", function), "__code__", None), 1)


def _taken(code: CodeType | None, bound: int) -> Taken:
    if code is None:
        names: frozenset[str] | None = frozenset()
    else:
        names = (
            None if code.co_flags & inspect.CO_VARKEYWORDS else frozenset(code.co_varnames[bound : code.co_argcount])
        )
    return Taken(names, names is None or "req" in names, names is None or bool(names - {"req"}))
