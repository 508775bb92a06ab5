"""`mod_python.util`: form fields, query strings, redirects (manual 4.6)."""

from __future__ import annotations

import html
from typing import Any

from mpfcgi.api.constants import DONE, HTTP_MOVED_PERMANENTLY, HTTP_MOVED_TEMPORARILY
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.forms import Field, FieldList, FieldStorage, StringField
from mpfcgi.api.queries import parse_header, parse_qs, parse_qsl

__all__ = [
    "Field",
    "FieldList",
    "FieldStorage",
    "StringField",
    "apply_fs_data",
    "parse_header",
    "parse_qs",
    "parse_qsl",
    "redirect",
]

_TAKES_ALL = 0x08  # CO_VARKEYWORDS


def redirect(req: Any, location: str, permanent: int = 0, text: str | None = None) -> None:
    """Send the browser to `location`, with a short page for those that don't go.

    Args:
        req: the request.
        location: a URL or path, sent as it is.
        permanent: whether to answer 301 instead of 302.
        text: the page; by default one with a link.

    Raises SERVER_RETURN(DONE), so that no further handler runs; OSError when headers are sent already; TypeError for
    a location that is no str.
    """
    if not isinstance(location, str):
        raise TypeError(f"redirect() takes a string, not {type(location).__name__}")
    if req.sent_bodyct:
        raise OSError("Cannot redirect after headers have already been sent.")
    req.err_headers_out["Location"] = location
    req.status = HTTP_MOVED_PERMANENTLY if permanent else HTTP_MOVED_TEMPORARILY
    if text is None:
        # mod_python does not escape, so that a location out of the request could bring markup along.
        text = f'<p>The document has moved <a href="{html.escape(location)}">here</a></p>\n'
    req.write(text)
    raise SERVER_RETURN(DONE)


def apply_fs_data(object: Any, fs: FieldStorage, /, **args: Any) -> Any:
    """Call `object` with those fields of `fs` that it takes, and return its result.

    Text fields are passed as str, uploads as Field, repeated ones as a list. What `args` gives wins; a list there is
    put before the fields of that name. All fields go to `**kwargs`, if `object` takes them.
    """
    values: dict[str, Any] = {name: list(value) if isinstance(value, list) else value for name, value in args.items()}
    for field in fs.list:
        given = values.setdefault(field.name, [])
        if isinstance(given, list):
            given.append(field if field.filename else field.value)
    for name, value in values.items():
        if isinstance(value, list) and len(value) == 1:
            values[name] = value[0]
    accepted = _accepted(object)
    return object(**{name: value for name, value in values.items() if accepted is None or name in accepted})


def _accepted(object: Any) -> frozenset[str] | None:
    """The names of the arguments that a callable takes by position; None when it takes all, empty when it can't be told."""
    if isinstance(object, type):
        function = object.__init__  # type: ignore[misc]
    elif hasattr(object, "__code__") or hasattr(object, "__func__"):
        function = object
    else:
        function = type(object).__call__ if callable(object) else None
    bound = 0 if function is object and not hasattr(object, "__func__") else 1
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return frozenset()
    if code.co_flags & _TAKES_ALL:
        return None
    return frozenset(code.co_varnames[bound : code.co_argcount])
