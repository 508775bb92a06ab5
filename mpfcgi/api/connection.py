"""The connection object (manual 4.5.5): the client's connection, as the front-end describes it."""

from __future__ import annotations

from typing import Any

from mpfcgi.api.table import mp_table

Address = tuple[str, int]


class mp_conn:
    """Read-only, but for `notes`. `keepalive` and `keepalives` belong to the front-end, which does not tell."""

    __module__ = "builtins"

    def __init__(self, params: dict[str, str], server: Any, exchange: Any) -> None:
        self._params = params
        self._server = server
        self._exchange = exchange
        self._notes: mp_table | None = None

    @property
    def base_server(self) -> Any:
        return self._server

    @property
    def local_ip(self) -> str:
        return self._params.get("SERVER_ADDR", "")

    @property
    def local_addr(self) -> Address:
        """(address, port) of the server's side."""
        return self.local_ip, _port(self._params.get("SERVER_PORT", ""))

    @property
    def client_ip(self) -> str:
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
        """The client's name, where the front-end or `req.get_remote_host` looked it up."""
        return self._params.get("REMOTE_HOST") or None

    @property
    def remote_logname(self) -> str | None:
        return self._params.get("REMOTE_IDENT") or None

    @property
    def local_host(self) -> str | None:
        return None

    @property
    def aborted(self) -> int:
        """1 when the client has gone away."""
        return int(self._exchange.aborted)

    @property
    def keepalive(self) -> int:
        return 0

    @property
    def keepalives(self) -> int:
        return 0

    @property
    def double_reverse(self) -> int:
        return 0

    @property
    def id(self) -> int:
        return _port(self._params.get("CONNECTION", ""))

    @property
    def notes(self) -> mp_table:
        if self._notes is None:
            self._notes = mp_table()
        return self._notes


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
