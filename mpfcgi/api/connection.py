"""The connection object (manual 4.5.5): the client's connection, as the front-end describes it."""

from __future__ import annotations

from typing import Any

from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import loggable

Address = tuple[str, int]
# What only handlers of raw connections have.
_NOT_YET = frozenset(("read", "readline", "write"))


class mp_conn:
    """Read-only, but for `notes`. `keepalive` and `keepalives` belong to the front-end, which does not tell."""

    __module__ = "builtins"
    __slots__ = ("_double_reverse", "_exchange", "_name", "_notes", "_params", "_server")

    def __init__(self, params: dict[str, str], server: Any, exchange: Any) -> None:
        self._params = params
        self._server = server
        self._exchange = exchange
        self._notes: mp_table | None = None
        # What a lookup of the client's name found; `lookups` keeps it here.
        self._name: str | None = None
        self._double_reverse = 0

    def __repr__(self) -> str:
        return f"<mp_conn object at {id(self):#x}>"

    def __getattr__(self, name: str) -> Any:
        if name in _NOT_YET:
            raise AttributeError(f"conn.{name} is for connection handlers, not supported yet (manual section 4.5.5)")
        raise AttributeError(f"'mp_conn' object has no attribute {name!r}")

    def log_error(self, message: str | None, level: int = APLOG_ERR, /) -> None:
        """Write a line to the main server's error log; `level` is one of APLOG_*. None is no message."""
        if loggable(message, level):
            self._server._services.log(level & 7, message)

    @property
    def base_server(self) -> Any:
        """The server object of the virtual host."""
        return self._server

    @property
    def local_ip(self) -> str:
        """The server's address."""
        return self._params.get("SERVER_ADDR", "")

    @property
    def local_addr(self) -> Address:
        """(address, port) of the server's side."""
        return self.local_ip, _port(self._params.get("SERVER_PORT", ""))

    @property
    def client_ip(self) -> str:
        """The client's address."""
        return self._params.get("REMOTE_ADDR", "")

    @property
    def client_addr(self) -> Address:
        """(address, port) of the client's side."""
        return self.client_ip, _port(self._params.get("REMOTE_PORT", ""))

    # The names before Apache 2.4.
    remote_ip = client_ip
    remote_addr = client_addr

    @property
    def remote_host(self) -> str | None:
        """The client's name, where the front-end or `req.get_remote_host` looked it up; '' when it has none."""
        return self._params.get("REMOTE_HOST") or self._name

    @property
    def remote_logname(self) -> str | None:
        """The user's name by RFC 1413."""
        return self._params.get("REMOTE_IDENT") or None

    @property
    def local_host(self) -> str | None:
        """The server's name by DNS: not looked up."""
        return None

    @property
    def aborted(self) -> int:
        """1 when the client has gone away."""
        return int(self._exchange.aborted)

    @property
    def keepalive(self) -> int:
        """AP_CONN_UNKNOWN: the front-end keeps the client's connection, or not."""
        return 0

    @property
    def keepalives(self) -> int:
        """0: the front-end does not tell."""
        return 0

    @property
    def double_reverse(self) -> int:
        """1 when the client's name was looked up and stands for its address, -1 when it does not, 0 before."""
        return self._double_reverse

    @property
    def id(self) -> int:
        """The connection's number, where the front-end sends one as CONNECTION; 0 otherwise."""
        return _port(self._params.get("CONNECTION", ""))

    @property
    def notes(self) -> mp_table:
        """For notes about the connection."""
        if self._notes is None:
            self._notes = mp_table()
        return self._notes


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
