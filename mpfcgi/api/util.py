"""`mod_python.util`: form fields, query strings, redirects (manual 4.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mpfcgi.api.constants import DONE, HTTP_MOVED_PERMANENTLY, HTTP_MOVED_TEMPORARILY
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.fields import Field, FieldList, StringField
from mpfcgi.api.forms import FieldStorage, query_pairs
from mpfcgi.api.functions import taken_by
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

_NO_MARKUP = str.maketrans({'"': "&quot;", "<": "&lt;", ">": "&gt;"})


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
        # mod_python escapes nothing, so that a location out of the request could bring markup along.
        text = f'<p>The document has moved <a href="{location.translate(_NO_MARKUP)}">here</a></p>\n'
    req.write(text)
    raise SERVER_RETURN(DONE)


def apply_fs_data(object: Any, fs: FieldStorage, /, **args: Any) -> Any:
    """Call `object` with those fields of `fs` that it takes, and return its result.

    Text fields are passed as str, uploads as Field, repeated ones as a list. What `args` gives wins; a list there is
    put before the fields of that name. All fields go to `**kwargs`, if `object` takes them.
    """
    return _apply(object, [(field.name, field if field.filename else field.value) for field in fs.list], args)


def apply_query(object: Any, query: str, /, **args: Any) -> Any:
    """The same with the fields of a query string, blank ones included: without making a FieldStorage of them."""
    return _apply(object, query_pairs(query, 1), args)


def _apply(object: Any, fields: Iterable[tuple[str | None, Any]], args: dict[str, Any]) -> Any:
    values: dict[str, Any] = {name: list(value) if isinstance(value, list) else value for name, value in args.items()}
    for name, value in fields:
        # A part of a multipart body may have none.
        if name is not None:
            given = values.setdefault(name, [])
            if isinstance(given, list):
                given.append(value)
    for name, value in values.items():
        if isinstance(value, list) and len(value) == 1:
            values[name] = value[0]
    names = taken_by(object).names
    return object(**{name: value for name, value in values.items() if names is None or name in names})
