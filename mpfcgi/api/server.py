"""The server object (manual 4.5.7): the virtual host of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.api.members import not_copied
from mpfcgi.api.table import mp_table, settled
from mpfcgi.api.text import loggable


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

    def _value(self, name: str, default: Any = None) -> Any:
        return self._settings.get(name, default)

    @property
    def defn_name(self) -> str | None:
        """The file that defines the server; None for the main one."""
        return str(self._model.place.file) if self._model.is_virtual else None

    @property
    def defn_line_number(self) -> int:
        """The line that defines the server; 0 for the main one."""
        return int(self._model.place.line) if self._model.is_virtual else 0

    @property
    def server_admin(self) -> str:
        """What ServerAdmin says."""
        return self._value("ServerAdmin", "[no address given]")  # type: ignore[no-any-return]

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
    def error_fname(self) -> str | None:
        """The error log's file, as configured; None without one."""
        return self._value("ErrorLog")  # type: ignore[no-any-return]

    @property
    def loglevel(self) -> int:
        """What LogLevel says, as an APLOG_* constant."""
        return self._value("LogLevel", {}).get("", 4)  # type: ignore[no-any-return]

    @property
    def is_virtual(self) -> int:
        """1 for a virtual host."""
        return int(self._model.is_virtual)

    @property
    def timeout(self) -> float:
        """What Timeout says, in seconds."""
        return self._value("Timeout", 60.0)  # type: ignore[no-any-return]

    @property
    def keep_alive_timeout(self) -> float:
        """What KeepAliveTimeout says, in seconds: the front-end keeps connections."""
        return self._value("KeepAliveTimeout", 5.0)  # type: ignore[no-any-return]

    @property
    def keep_alive_max(self) -> int:
        """What MaxKeepAliveRequests says: the front-end counts."""
        return self._value("MaxKeepAliveRequests", 100)  # type: ignore[no-any-return]

    @property
    def keep_alive(self) -> int:
        """What KeepAlive says, as 1 or 0: the front-end decides."""
        return int(self._value("KeepAlive", True))

    @property
    def send_buffer_size(self) -> int:
        """What SendBufferSize says, in bytes; 0 for the system's default."""
        return self._value("SendBufferSize", 0)  # type: ignore[no-any-return]

    @property
    def path(self) -> str | None:
        """What ServerPath says; None without one."""
        return self._value("ServerPath")  # type: ignore[no-any-return]

    @property
    def pathlen(self) -> int:
        """The length of `path`; 0 without one."""
        return len(self.path or "")

    @property
    def limit_req_line(self) -> int:
        """What LimitRequestLine says, in bytes, or Apache's default: without one the front-end limits."""
        return self._value("LimitRequestLine", 8190)  # type: ignore[no-any-return]

    @property
    def limit_req_fieldsize(self) -> int:
        """What LimitRequestFieldSize says, in bytes, or Apache's default: without one the front-end limits."""
        return self._value("LimitRequestFieldSize", 8190)  # type: ignore[no-any-return]

    @property
    def limit_req_fields(self) -> int:
        """What LimitRequestFields says, or Apache's default: without one the front-end limits."""
        return self._value("LimitRequestFields", 100)  # type: ignore[no-any-return]

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
        """The server that follows in the configuration, the main one being the first; None after the last."""
        return self._services.server_after(self._model)  # type: ignore[no-any-return]
