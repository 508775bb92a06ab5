"""The server object (manual 4.5.7): the virtual host of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpfcgi.api.constants import APLOG_ERR, APLOG_WARNING
from mpfcgi.api.members import not_copied
from mpfcgi.api.table import mp_table, settled
from mpfcgi.api.text import loggable


def said(directive: str, default: Any, more: str = "") -> Any:
    """A member that is what a directive says, or `default`."""
    doc = f"What {directive} says, {more}" if more else f"What {directive} says."
    return property(lambda server: server._settings.get(directive, default), doc=doc)


class mp_server:
    """A virtual host or the main server. Members are read-only; times are seconds, limits bytes or counts."""

    __module__ = "builtins"

    __reduce_ex__ = not_copied

    def __init__(self, model: Any, settings: Any, services: Any) -> None:
        self._model = model
        self._settings = settings
        self._services = services

    def __repr__(self) -> str:
        return f"<mp_server object at {id(self):#x}>"

    def get_config(self) -> mp_table:
        """The Python directives of the server, without those of its directories."""
        return settled(self._settings, "python_config")

    def get_options(self) -> mp_table:
        """The PythonOption values of the server."""
        return settled(self._settings, "options")

    def log_error(self, message: str | None, level: int = APLOG_ERR, /) -> None:
        """Write a line to the server's error log; `level` is one of APLOG_*. None is no message."""
        if loggable(message, level):
            self._services.log(level & 7, message, server=self)

    def register_cleanup(self, request: Any, callable: Callable[[Any], object], data: Any = None, /) -> None:
        """Call `callable(data)` when the process ends. ValueError when it can't be called."""
        if not hasattr(request, "register_cleanup"):
            raise ValueError("first argument must be a request object")
        if not hasattr(callable, "__call__"):  # noqa: B004
            raise ValueError("second argument must be a callable object")
        self._services.register_cleanup(callable, data)

    @property
    def defn_name(self) -> str | None:
        """The file that defines the server; None for the main one."""
        return str(self._model.place.file) if self._model.is_virtual else None

    @property
    def defn_line_number(self) -> int:
        """The line that defines the server; 0 for the main one."""
        return int(self._model.place.line) if self._model.is_virtual else 0

    @property
    def server_hostname(self) -> str:
        """What ServerName says."""
        return str(self._model.name or self._services.main_name)

    @property
    def names(self) -> tuple[str, ...]:
        """ServerAlias names without wildcards."""
        return tuple(self._model.aliases)

    @property
    def wild_names(self) -> tuple[str, ...]:
        """ServerAlias names with wildcards."""
        return tuple(self._model.wild_aliases)

    @property
    def port(self) -> int:
        """The port of ServerName, 0 without one."""
        return int(self._model.port)

    @property
    def scheme(self) -> str:
        """The scheme of ServerName, "" without one. Not in mod_python."""
        return self._model.scheme  # type: ignore[no-any-return]

    @property
    def is_virtual(self) -> int:
        """1 for a virtual host."""
        return int(self._model.is_virtual)

    @property
    def error_fname(self) -> str | None:
        """What ErrorLog says, as it is written; None for a virtual host that has none of its own, or if there is none."""
        return self._model.own("ErrorLog")  # type: ignore[no-any-return]

    # -- what directives say

    server_admin: str = said("ServerAdmin", "[no address given]")
    path: str | None = said("ServerPath", None, "or None.")
    timeout: float = said("Timeout", 60.0, "in seconds.")
    keep_alive_timeout: float = said("KeepAliveTimeout", 5.0, "in seconds: the front-end keeps connections.")
    keep_alive_max: int = said("MaxKeepAliveRequests", 100, "though the front-end counts.")
    send_buffer_size: int = said("SendBufferSize", 0, "in bytes; 0 for the system's default.")
    limit_req_line: int = said(
        "LimitRequestLine", 8190, "in bytes, or Apache's default: without one the front-end limits."
    )
    limit_req_fieldsize: int = said(
        "LimitRequestFieldSize", 8190, "in bytes, or Apache's default: without one the front-end limits."
    )
    limit_req_fields: int = said("LimitRequestFields", 100, "or Apache's default: without one the front-end limits.")

    @property
    def keep_alive(self) -> int:
        """What KeepAlive says, as 1 or 0: the front-end decides."""
        return int(self._settings.get("KeepAlive", True))

    @property
    def loglevel(self) -> int:
        """What LogLevel says, as an APLOG_* constant."""
        return self._settings.get("LogLevel", {}).get("", APLOG_WARNING)  # type: ignore[no-any-return]

    @property
    def pathlen(self) -> int:
        """The length of `path`; 0 without one."""
        return len(self.path or "")

    @property
    def my_generation(self) -> int:
        """How often the configuration was read again before this process began."""
        return int(self._services.generation)

    @property
    def restart_time(self) -> float:
        """When this process began, in seconds since the epoch."""
        return float(self._services.started)

    @property
    def next(self) -> mp_server | None:
        """The server that follows: behind the main one the last of the configuration, then backwards to the first."""
        return self._services.server_after(self._model)  # type: ignore[no-any-return]
