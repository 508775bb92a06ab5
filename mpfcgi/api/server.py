"""The server object (manual 4.5.7): the virtual host of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpfcgi.api.table import mp_table


class mp_server:
    """A virtual host or the main server. Members are read-only; times are seconds, limits bytes or counts."""

    __module__ = "builtins"

    def __init__(self, model: Any, settings: Any, services: Any) -> None:
        self._model = model
        self._settings = settings
        self._services = services

    def get_config(self) -> mp_table:
        """The Python directives of the server, without those of its directories."""
        return mp_table(self._settings.python_config)

    def get_options(self) -> mp_table:
        """The PythonOption values of the server."""
        return mp_table(self._settings.options)

    def log_error(self, message: str, level: int | None = None, /) -> None:
        """Write a line to the server's error log; `level` is an APLOG_* constant, APLOG_ERR by default."""
        self._services.log(3 if level is None else level & 7, message, server=self)

    def register_cleanup(self, request: Any, callable: Callable[[Any], object], data: Any = None, /) -> None:
        """Call `callable(data)` when the process ends. ValueError when it can't be called."""
        self._services.register_cleanup(callable, data)

    def _value(self, name: str, default: Any = None) -> Any:
        return self._settings.get(name, default)

    @property
    def defn_name(self) -> str:
        """The file that defines the server."""
        return str(self._model.place.file)

    @property
    def defn_line_number(self) -> int:
        return int(self._model.place.line) if self._model.is_virtual else 0

    @property
    def server_admin(self) -> str:
        return self._value("ServerAdmin", "[no address given]")  # type: ignore[no-any-return]

    @property
    def server_hostname(self) -> str:
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
    def error_fname(self) -> str | None:
        return self._value("ErrorLog")  # type: ignore[no-any-return]

    @property
    def loglevel(self) -> int:
        return self._value("LogLevel", {}).get("", 4)  # type: ignore[no-any-return]

    @property
    def is_virtual(self) -> int:
        return int(self._model.is_virtual)

    @property
    def timeout(self) -> float:
        return self._value("Timeout", 60.0)  # type: ignore[no-any-return]

    @property
    def keep_alive_timeout(self) -> float:
        return 5.0

    @property
    def keep_alive_max(self) -> int:
        return 100

    @property
    def keep_alive(self) -> int:
        return 1

    @property
    def send_buffer_size(self) -> int:
        return 0

    @property
    def path(self) -> str | None:
        return None

    @property
    def pathlen(self) -> int:
        return 0

    @property
    def limit_req_line(self) -> int:
        return 8190

    @property
    def limit_req_fieldsize(self) -> int:
        return 8190

    @property
    def limit_req_fields(self) -> int:
        return 100
