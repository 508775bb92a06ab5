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

    A name that was found stays with the connection.
    """
    address: str = connection.client_ip
    double = hostname_lookups == "double" or kind == REMOTE_DOUBLE_REV
    if connection.remote_host is None and kind != REMOTE_NOLOOKUP and (hostname_lookups != "off" or double):
        connection._name = _lookup(address, double)
    if double and connection._name is not None:
        connection._double_reverse = 1 if connection._name else -1
    if connection.remote_host:
        return connection.remote_host  # type: ignore[no-any-return]
    return None if kind in (REMOTE_HOST, REMOTE_DOUBLE_REV) else address


@lru_cache(1024)
def _lookup(address: str, double: bool) -> str:
    """The name of an address; "" without one, or, with `double`, when the name is not that address's."""
    try:
        name = socket.gethostbyaddr(address)[0]
        if double and address not in {info[4][0] for info in socket.getaddrinfo(name, None)}:
            return ""
    except OSError:
        return ""
    return name.lower()
