"""The connection object (manual 4.5.5): the client's connection, as the front-end describes it, or a raw one.

Only a raw one, which a connection handler gets, is read and written: through its *stream* (`ConnectionStream`).
"""

from __future__ import annotations

from operator import index
from typing import Any, Protocol

from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.api.hlist import mp_hlist
from mpfcgi.api.members import integer, not_copied, read_only
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import loggable

Address = tuple[str, int]


class ConnectionStream(Protocol):
    """The bytes of a raw connection; the worker's is real."""

    def read(self, size: int, /) -> bytes | None: ...

    def readline(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> None: ...


class mp_conn:
    """Read-only, but for `notes` and `keepalive`, which the front-end does not tell."""

    __module__ = "builtins"
    __slots__ = (
        "_double_reverse",
        "_exchange",
        "_hlist",
        "_keepalive",
        "_name",
        "_notes",
        "_params",
        "_server",
        "_stream",
    )  # fmt: skip

    __reduce_ex__ = not_copied

    def __init__(
        self, params: dict[str, str], server: Any, exchange: Any, stream: ConnectionStream | None = None
    ) -> None:
        self._params = params
        self._server = server
        self._exchange = exchange
        self._notes: mp_table | None = None
        self._stream = stream
        self._keepalive = 0
        self._hlist: mp_hlist | None = None
        # What a lookup of the client's name found; `lookups` keeps it here.
        self._name: str | None = None
        self._double_reverse = 0

    hlist = read_only("_hlist", "The connection handler that runs; None for the connection of a request.")

    def __repr__(self) -> str:
        return f"<mp_conn object at {id(self):#x}>"

    def read(self, length: int = 0, /) -> bytes | None:
        """Up to `length` bytes, at most 8192 without it, as soon as there are any; with -1, all until the client closes
        its side.

        None at the end of the connection, and OSError after that. For connection handlers only: OSError.
        """
        return self._raw().read(index(length))

    def readline(self, length: int = 0, /) -> bytes:
        """The next line with its end, or its first `length` bytes; what is left of it is read next.

        A line of more than 1 MiB comes in pieces of that size. OSError at the end of the connection. For connection
        handlers only: OSError.
        """
        return self._raw().readline(index(length))

    def write(self, string: str | bytes, /) -> None:
        """Send bytes, or a str as UTF-8, now. TypeError for anything else, OSError when the client is gone."""
        if isinstance(string, str):
            string = string.encode()
        elif not isinstance(string, bytes):
            raise TypeError(f"argument 1 must be str or bytes, not {type(string).__name__}")
        self._raw().write(string)

    def _raw(self) -> ConnectionStream:
        if self._stream is None:
            raise OSError(
                "the connection of a request belongs to the front-end (manual 4.5.5: connection handlers only)"
            )
        return self._stream

    def log_error(self, message: str | None, level: int = APLOG_ERR, /) -> None:
        """Write a line to the error log of `base_server`; `level` is one of APLOG_*. None is no message."""
        if loggable(message, level):
            server = self.base_server
            server._services.log(level & 7, message, server=server, connection=self)

    @property
    def base_server(self) -> Any:
        """The server object of the first virtual host of the address that the connection came to, or of the main server.

        Which host a request is for is known by its name only: `req.server`.
        """
        if self._stream is not None:
            return self._server
        return self._server._services.base_server(*self.local_addr)

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

    keepalive = integer(
        "_keepalive",
        "0, AP_CONN_UNKNOWN, unless a handler sets it: the front-end keeps the client's connection, or not.",
    )

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
