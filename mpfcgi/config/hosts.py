"""Which virtual host a request is for: by address and port, then by name (Apache's name-based virtual hosts)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from fnmatch import fnmatchcase

from mpfcgi.config.model import Server
from mpfcgi.config.values import address_argument

CACHE_SIZE = 4096


class Hosts:
    """The hosts of a configuration. A name costs one look-up, however many hosts there are."""

    def __init__(self, main: Server, vhosts: Sequence[Server]) -> None:
        self._main = main
        self._vhosts = vhosts
        self._by_name: dict[str, list[Server]] = {}
        self._wild: list[tuple[str, Server]] = []
        for vhost in vhosts:
            for name in (vhost.name, *vhost.aliases):
                if name:
                    self._by_name.setdefault(name, []).append(vhost)
            self._wild += [(pattern, vhost) for pattern in vhost.wild_aliases]
        self._cache: dict[tuple[str, str, str, str], Server] = {}

    def find(self, host: str, server_name: str, port: str, address: str) -> Server:
        """The server for a Host header (or SERVER_NAME without one) at a port and address, as the front-end sent them."""
        key = (host, server_name, port, address)
        server = self._cache.get(key)
        if server is None:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            server = self._cache[key] = self._find(bare_name(host or server_name), port, address)
        return server

    def _find(self, name: str, port: str, address: str) -> Server:
        if not self._vhosts:
            return self._main
        named = self._by_name.get(name, [])
        for strict in (True, False):
            for vhost in named:
                if not strict or _fits(vhost, port, address):
                    return vhost
            for pattern, vhost in self._wild:
                if fnmatchcase(name, pattern) and (not strict or _fits(vhost, port, address)):
                    return vhost
        # The first host of the address answers for names that none has.
        return next((vhost for vhost in self._vhosts if _fits(vhost, port, address)), self._vhosts[0])


def bare_name(host: str) -> str:
    """A Host header's name: lower-case, without port and final dot."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[: name.find("]") + 1]
    return name.partition(":")[0].rstrip(".")


def _fits(vhost: Server, port: str, address: str) -> bool:
    """Whether one of the addresses of <VirtualHost> stands for `address`:`port`."""
    for text in vhost.addresses:
        host, wanted_port = address_argument(text)
        if wanted_port not in ("", "*", port):
            continue
        if host in ("", "*", "_default_", address) or _same_address(host, address):
            return True
    return False


def _same_address(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one.strip("[]")) == ipaddress.ip_address(other)
    except ValueError:
        return False
