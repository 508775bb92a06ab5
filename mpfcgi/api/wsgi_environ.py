"""The environ of a WSGI application (PEP 3333), made of a request.

Strings are "native": each character is a byte of the request. What is empty is left out, as PEP 3333 allows and
mod_python does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mpfcgi.api.constants import AP_MPMQ_IS_THREADED, APLOG_ERR

_BASE_URI = "mod_python.wsgi.base_uri"


def mount_of(req: Any) -> str | None:
    """The path that the application stands at, without a slash at its end; None when the request is for another.

    ValueError for a base URI that ends in a slash.
    """
    base_uri = req.get_options().get(_BASE_URI)
    if base_uri is None:
        # An expression's or a pattern's <Location> covers what it found, which need not be the path's beginning.
        location = (req.hlist.location or "").rstrip("/") if req.hlist is not None else ""
        return location if _covers(location, req.uri) else ""
    if base_uri.endswith("/"):
        raise ValueError(f"PythonOption {_BASE_URI} must not end in a slash: {base_uri!r}")
    return base_uri if _covers(base_uri, req.uri) else None


def _covers(base: str, uri: str) -> bool:
    return uri.startswith(base) and uri[len(base) : len(base) + 1] in ("", "/")


def build(req: Any, mount: str) -> dict[str, Any]:
    """The environ for an application that stands at the path `mount` ("" is the root of the site)."""
    req.add_cgi_vars()
    params = req._params
    environ: dict[str, Any] = dict(req.subprocess_env.items())
    uri = _native(req.uri)
    mount = _native(mount)
    environ["SCRIPT_NAME"] = mount
    environ["PATH_INFO"] = uri[len(mount) :]
    if not environ["PATH_INFO"]:
        del environ["PATH_INFO"]
    environ["QUERY_STRING"] = _native(req.args or "")
    environ["REQUEST_URI"] = params.get("REQUEST_URI", uri)
    for name in ("SCRIPT_FILENAME", "DOCUMENT_ROOT", "CONTEXT_PREFIX", "CONTEXT_DOCUMENT_ROOT", "REMOTE_USER"):
        if name in environ:
            environ[name] = _native(_ORIGINAL[name](req))
    if params.get("HTTP_AUTHORIZATION"):
        environ["HTTP_AUTHORIZATION"] = params["HTTP_AUTHORIZATION"]
    environ.update(_of_wsgi(req))
    return environ


# What subprocess_env has of these is made for headers, where some characters are single bytes.
_ORIGINAL: dict[str, Any] = {
    "SCRIPT_FILENAME": lambda req: req.filename,
    "DOCUMENT_ROOT": lambda req: req.document_root(),
    "CONTEXT_PREFIX": lambda req: req._services.context(req)[0],
    "CONTEXT_DOCUMENT_ROOT": lambda req: req._services.context(req)[1],
    "REMOTE_USER": lambda req: req.user,
}


def _of_wsgi(req: Any) -> dict[str, Any]:
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if req.is_https() else "http",
        "wsgi.input": Input(req),
        "wsgi.errors": Errors(req),
        "wsgi.multithread": bool(req._services.mpm_query(AP_MPMQ_IS_THREADED)),
        "wsgi.multiprocess": True,
        # False in the terms of PEP 3333, and in those of mod_python, which has no such key.
        "wsgi.run_once": None,
    }


def _native(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


class Input:
    """wsgi.input: the request's body. It ends where the body ends, whatever its length was said to be."""

    def __init__(self, req: Any) -> None:
        self._req = req

    def read(self, size: int | None = -1, /) -> bytes:
        return self._req.read(-1 if size is None else size)  # type: ignore[no-any-return]

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._req.readline(-1 if size is None else size)  # type: ignore[no-any-return]

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        return self._req.readlines(-1 if hint is None else hint)  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._req.readline, b"")


class Errors:
    """wsgi.errors: the error log. Whole lines are logged, the rest of one with flush()."""

    def __init__(self, req: Any) -> None:
        self._req = req
        self._line = ""

    def write(self, text: str, /) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._req.log_error(line, APLOG_ERR)
        return len(text)

    def writelines(self, texts: Iterable[str], /) -> None:
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        if self._line:
            self._req.log_error(self._line, APLOG_ERR)
            self._line = ""
