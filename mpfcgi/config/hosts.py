"""Which virtual host a request is for: by address and port, then by name (Apache's name-based virtual hosts).

As in Apache, hosts of a matching IP address keep out those of `*`; among the hosts of an address the first whose name
or alias fits answers, and the very first for names that none has. The Host header's port plays no part. Where no host
has the address (a front-end may listen where our configuration knows nothing of) all hosts are looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from mpfcgi.config.directives.arguments import address_argument
from mpfcgi.config.model import Server
from mpfcgi.config.patterns import name_pattern

CACHE_SIZE = 4096
ADDRESSES_KEPT = 256
_ANY = ("", "*", "_default_")


class Names:
    """The hosts of one address. A name costs one look-up for itself and one for each domain above it, however many
    hosts there are; only wildcards other than a leading `*.` are tried one by one."""

    def __init__(self, hosts: Sequence[Server]) -> None:
        self.hosts = hosts
        self._exact: dict[str, int] = {}
        self._domains: dict[str, int] = {}
        self._wild: list[tuple[str, int]] = []
        for index, host in enumerate(hosts):
            for name in (host.name, *host.aliases):
                self._exact.setdefault(name.lower(), index)
            for pattern in map(str.lower, host.wild_aliases):
                if pattern.startswith("*.") and not set(pattern[1:]) & set("*?"):
                    self._domains.setdefault(pattern[1:], index)
                else:
                    self._wild.append((pattern, index))

    def find(self, name: str) -> Server | None:
        """The first host, in the order of the file, that has `name`; None when none has."""
        found = [self._exact[name]] if name and name in self._exact else []
        dot = name.find(".")
        while dot >= 0:
            if name[dot:] in self._domains:
                found.append(self._domains[name[dot:]])
            dot = name.find(".", dot + 1)
        found += [index for pattern, index in self._wild if name_pattern(pattern).fullmatch(name)]
        return self.hosts[min(found)] if found else None


class Hosts:
    """The hosts of a configuration."""

    def __init__(self, main: Server, vhosts: Sequence[Server]) -> None:
        self._main = main
        self._vhosts = vhosts
        self._all = Names(vhosts)
        self._addresses: dict[tuple[str, str], Names | None] = {}
        self._cache: dict[tuple[str, str, str, str], Server] = {}
        self._paths = {vhost: path for vhost in vhosts if (path := vhost.own("ServerPath"))}

    @property
    def have_paths(self) -> bool:
        """Whether any host has a ServerPath."""
        return bool(self._paths)

    def of_path(self, uri: str, port: str, address: str) -> Server | None:
        """The first host at a port and address whose ServerPath a URI begins with: for requests that name no host."""
        path = uri.partition("?")[0]
        for host in (self._at(port, address) or self._all).hosts:
            prefix = self._paths.get(host)
            if prefix and (path == prefix or path.startswith(prefix.rstrip("/") + "/")):
                return host
        return None

    def find(self, host: str, server_name: str, port: str, address: str) -> Server:
        """The server for a Host header (or SERVER_NAME without one) at a port and address, as the front-end sent them."""
        key = (host, server_name, port, address)
        server = self._cache.get(key)
        if server is None:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            server = self._cache[key] = self._find(bare_name(host or server_name), port, address)
        return server

    def at(self, port: str, address: str) -> Server:
        """The server for a connection that names no host: the first one of its port and address, or the main one."""
        names = self._at(port, address) if self._vhosts else None
        return names.hosts[0] if names is not None else self._main

    def _find(self, name: str, port: str, address: str) -> Server:
        if not self._vhosts:
            return self._main
        names = self._at(port, address) or self._all
        return names.find(name) or names.hosts[0]

    def _at(self, port: str, address: str) -> Names | None:
        """The hosts of an address, worked out once; None when no host is for it."""
        key = (port, address)
        if key not in self._addresses:
            if len(self._addresses) >= ADDRESSES_KEPT:
                self._addresses.clear()
            ranks = [_rank(vhost, port, address) for vhost in self._vhosts]
            best = max(ranks)
            hosts = [vhost for vhost, rank in zip(self._vhosts, ranks) if rank == best]
            self._addresses[key] = Names(hosts) if best else None
        return self._addresses[key]


def bare_name(host: str) -> str:
    """A Host header's name: lower-case, without port and final dot."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[: name.find("]") + 1]
    return name.partition(":")[0].rstrip(".")


def _rank(vhost: Server, port: str, address: str) -> int:
    """How well a <VirtualHost>'s addresses fit: 0 not at all, 1 for `*`, 3 for an IP address; 1 more for the very port."""
    rank = 0
    for text in vhost.addresses:
        host, wanted_port = address_argument(text)
        if wanted_port not in ("", "*", port):
            continue
        exact = int(wanted_port not in ("", "*"))
        if host.lower() in _ANY:
            rank = max(rank, 1 + exact)
        elif host == address or _same_address(host, address):
            rank = max(rank, 3 + exact)
    return rank


@lru_cache(1024)
def _same_address(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one.strip("[]")) == ipaddress.ip_address(other.strip("[]"))
    except ValueError:
        return False
