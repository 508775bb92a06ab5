"""What a handler makes its request do: add handlers, redirect, log, allow methods, fill the CGI environment.

Manual 4.5.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import index
from typing import Any

from mpfcgi.api import cgienv, wsgi_environ
from mpfcgi.api import constants as c
from mpfcgi.api.members import read_only
from mpfcgi.api.text import loggable
from mpfcgi.api.wsgi_response import Response

_PHASES_TO_ADD = frozenset((
    "PythonPostReadRequestHandler", "PythonTransHandler", "PythonHeaderParserHandler", "PythonInitHandler",
    "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonTypeHandler", "PythonFixupHandler",
    "PythonHandler", "PythonLogHandler",
))  # fmt: skip


class Acts:
    """Mixed into the request object."""

    _services: Any
    _added: dict[str, list[Any]] | None = None
    _cleanups: list[tuple[Callable[[Any], object], Any]] | None = None
    # Whether code of the site sees the request when its response is out.
    _watched = False
    _allow: tuple[str, ...] = ()
    _allowed = 0
    _proxyreq = 0

    allowed = read_only("_allowed", "A bit for each M_* method that apache.allow_methods() named.")

    @property
    def allowed_xmethods(self) -> tuple[str, ...]:
        """(): no module of ours has methods of its own."""
        return ()

    @property
    def allowed_methods(self) -> tuple[str, ...]:
        """The methods of allow_methods() that Apache has no number for."""
        return tuple(name for name in self._allow if name not in c.METHOD_NUMBERS)

    def allow_methods(self, methods: Iterable[str | bytes], reset: int = 0, /) -> None:
        """Name methods for the Allow header of 405 and 501 answers; with `reset`, an integer, only these."""
        names = [name.decode("latin-1") if isinstance(name, bytes) else name for name in methods]
        if not all(isinstance(name, str) for name in names):
            raise TypeError("allow_methods() takes a sequence of strings")
        self._allow = tuple(dict.fromkeys(names if index(reset) else (*self._allow, *names)))

    # -- handlers, cleanups, redirects, the log

    @property
    def proxyreq(self) -> int:
        """One of PROXYREQ_*; the front-end proxies, so that a handler can't make a request a proxied one."""
        return self._proxyreq

    @proxyreq.setter
    def proxyreq(self, value: int) -> None:
        if index(value):
            raise NotImplementedError("req.proxyreq: let the front-end pass these requests on (proxy_pass, ProxyPass)")

    def add_handler(self, htype: str, handler: str | Callable[[Any], int], dir: str | None = None, /) -> None:
        """Run `handler` in a later phase, after the configured ones.

        Args:
            htype: the phase's directive, 'PythonHandler'. IndexError for one that does not exist or takes none.
            handler: 'module::object', or what is to be called.
            dir: where the module is looked for; by default beside the handler that calls this.
        """
        if not isinstance(htype, str) or not (isinstance(handler, str) or callable(handler)):
            raise TypeError("add_handler() takes the name of a phase, and a handler's name or a callable")
        if dir is not None and not isinstance(dir, str):
            raise TypeError(f"add_handler() takes a string as folder, not {type(dir).__name__}")
        if htype not in _PHASES_TO_ADD:
            raise IndexError(f"Invalid phase: {htype}")
        if self._added is None:
            self._added = {}
        self._added.setdefault(htype, []).append((handler, dir.rstrip("/") + "/" if dir else None))

    def register_cleanup(self, callable: Callable[[Any], object], data: Any = None, /) -> None:
        """Call `callable(data)` when the request is over, the last registered first. ValueError when it can't be called."""
        if not hasattr(callable, "__call__"):  # noqa: B004
            raise ValueError("first argument must be a callable object")
        self._watched = True
        self._when_over(callable, data)

    def _when_over(self, callable: Callable[[Any], object], data: Any) -> None:
        """The same for what is ours, and does not look at what was sent."""
        if self._cleanups is None:
            self._cleanups = []
        self._cleanups.append((callable, data))

    def internal_redirect(self, new_uri: str, /) -> None:
        """Answer with what another URI of this server gives. It is run at once; output after it is lost."""
        if not isinstance(new_uri, str):
            raise TypeError(f"internal_redirect() takes a string, not {type(new_uri).__name__}")
        self._services.redirect(self, new_uri)

    def log_error(self, message: str | None, level: int = c.APLOG_ERR, /) -> None:
        """Write a line to the error log. None is no message; other types are a TypeError."""
        if loggable(message, level):
            self._services.log(level & 7, message, request=self)

    # -- CGI variables

    def add_common_vars(self) -> None:
        """Add to `subprocess_env` what describes server and client."""
        cgienv.add_common_vars(self)  # type: ignore[arg-type]

    def add_cgi_vars(self) -> None:
        """Add to `subprocess_env` all variables of a CGI script."""
        cgienv.add_common_vars(self)  # type: ignore[arg-type]
        cgienv.add_cgi_vars(self)  # type: ignore[arg-type]

    # -- WSGI

    def build_wsgi_env(self) -> dict[str, Any]:
        """The environ of a WSGI application (PEP 3333) that answers this request where its handler stands."""
        return wsgi_environ.build(self, wsgi_environ.mount_of(self) or "")

    def wsgi_start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[str | bytes], None]:
        """WSGI's start_response, for handlers that call an application themselves; `write` of this request."""
        response = Response(self)
        response.start(status, headers, exc_info)
        response.apply()
        return response.write
