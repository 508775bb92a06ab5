"""Names and addresses: the Host header's parts, and the client's name from DNS."""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import Any

from mpfcgi.api.constants import REMOTE_DOUBLE_REV, REMOTE_HOST, REMOTE_NOLOOKUP


def bare_host(host: str) -> str:
    """A Host header without its port and the dot at its end, in lower case."""
    if host.startswith("["):
        return host[: host.find("]") + 1].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def port_of(host: str) -> str:
    """The port in a Host header, "" without one."""
    return host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""


def remote_host(connection: Any, hostname_lookups: str, kind: int) -> str | None:
    """The client's name or address, as ap_get_remote_host: looked up where HostnameLookups or `kind` asks for it.

    A name that was found stays with the connection. REMOTE_DOUBLE_REV gives it only if the name is that of the address:
    who an address belongs to can give it any name.
    """
    double = kind == REMOTE_DOUBLE_REV
    if connection.remote_host is None and kind != REMOTE_NOLOOKUP and (hostname_lookups != "off" or double):
        connection._name = _name_of(connection.client_ip)
        if connection._name and hostname_lookups == "double" and not _is_confirmed(connection):
            connection._name = ""
    if double and not _is_confirmed(connection):
        return None
    if connection.remote_host:
        return connection.remote_host  # type: ignore[no-any-return]
    return None if kind in (REMOTE_HOST, REMOTE_DOUBLE_REV) else connection.client_ip


def _is_confirmed(connection: Any) -> bool:
    """Whether the client's name is one of its address; looked up once, and kept in `double_reverse` (1 or -1)."""
    if connection._double_reverse == 0:
        name = connection.remote_host
        connection._double_reverse = 1 if name and connection.client_ip in _addresses_of(name) else -1
    return bool(connection._double_reverse == 1)


@lru_cache(1024)
def _name_of(address: str) -> str:
    """The name of an address, "" without one."""
    try:
        return socket.gethostbyaddr(address)[0].lower()
    except OSError:
        return ""


@lru_cache(1024)
def _addresses_of(name: str) -> frozenset[str]:
    """The addresses of a name."""
    try:
        return frozenset(str(info[4][0]) for info in socket.getaddrinfo(name, None))
    except (OSError, UnicodeError):
        return frozenset()
