"""What a front-end has to know of a configuration: hosts, addresses, sockets, plain folders, limits, times.

Worked out once from a `Config`, as frozen values, which each generator then writes in its server's language. Whatever
only the daemon can know for sure (an .htaccess, which may change) is left to the daemon: its own limits hold in any case.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from mpfcgi.config import Config, ConfigError, Listen, Place, Resolver, Server, pool_for
from mpfcgi.config.connections import is_for_connections
from mpfcgi.config.directives.arguments import address_argument
from mpfcgi.config.sections import directives_in
from mpfcgi.config.syntax import Node, SectionNode
from mpfcgi.frontend.static import Static, static_folders

# The time a front-end waits for an answer, in seconds, where nothing limits how long a handler may run.
PATIENCE = 3600
# What it waits beyond the daemon's own limits, so that the daemon answers first.
MARGIN = 5
_ANY = ("", "*", "_default_")


@dataclass(frozen=True)
class Tls:
    """The files of SSLCertificateFile and SSLCertificateKeyFile."""

    certificate: str
    key: str


@dataclass(frozen=True)
class Address:
    """Where a host is reached; `host` is "" for every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.host else str(self.port)


@dataclass(frozen=True)
class Offer:
    """SendfileHeader: files of `folder` that the daemon names to the web server, in `header`, as URLs below `url`."""

    header: str
    url: str
    folder: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Backend:
    """A socket of the daemon, and the name it has in the front-end's configuration. `family` is unix or tcp."""

    name: str
    family: str
    address: str


@dataclass(frozen=True)
class Site:
    """One host. `wild` are aliases with `*` or `?`; `default_at` are the addresses where names that no host has are its.

    `body_limit` is in bytes, 0 where the daemon decides; `stall` is the seconds a client may stand still.
    """

    name: str
    aliases: tuple[str, ...]
    wild: tuple[str, ...]
    addresses: tuple[Address, ...]
    tls: Tls | None
    root: str
    statics: tuple[Static, ...]
    body_limit: int
    stall: int
    backend: Backend
    default_at: frozenset[Address]
    offers: tuple[Offer, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names that are no patterns."""
        return (*((self.name,) if self.name else ()), *self.aliases)

    def offered_by(self, header: str, remedy: str) -> tuple[Offer, ...]:
        """The files that the web server sends for the daemon. ConfigError where another header than `header` names them."""
        for offer in self.offers:
            if offer.header != header:
                raise ConfigError(f"the web server does not know SendfileHeader {offer.header}", offer.place, remedy)
        return self.offers


@dataclass(frozen=True)
class Deployment:
    """The whole configuration, for a generator. `file` is its name; `patience` in seconds; `buffering` is RequestBuffering."""

    file: str
    sites: tuple[Site, ...]
    backends: tuple[Backend, ...]
    patience: int
    buffering: bool


def deployment(config: Config) -> Deployment:
    """What a front-end needs to know of `config`. ConfigError where no front-end could serve it."""
    resolver = Resolver(config)
    hosts = [host for host in config.vhosts if not is_for_connections(host, config)] or [config.main]
    backends: dict[tuple[str, str], Backend] = {}
    taken: set[Address] = set()
    sites = []
    for host in hosts:
        addresses = tuple(dict.fromkeys(_addresses(host)))
        settings = resolver.server_settings(host)
        sites.append(
            Site(
                name=host.name.lower(),
                aliases=tuple(map(str.lower, host.aliases)),
                wild=tuple(map(str.lower, host.wild_aliases)),
                addresses=addresses,
                tls=_tls(config, host),
                root=resolver.document_root(host).rstrip("/"),
                statics=static_folders(resolver, host),
                body_limit=_body_limit(config, resolver, host),
                stall=max(1, round(settings.get("Timeout", 60.0))),
                backend=_backend(config, resolver, host, backends),
                default_at=frozenset(addresses) - taken,
                offers=tuple(dict.fromkeys(_offers(config, resolver, host))),
            )
        )
        taken.update(addresses)
    buffering = resolver.server_settings(config.main).get("RequestBuffering")
    return Deployment(
        file=os.path.basename(config.file),
        sites=tuple(sites),
        backends=tuple(backends.values()),
        patience=_patience(config, [resolver.server_interpreter(host) for host in hosts]),
        buffering=buffering is None or buffering.on,
    )


def _patience(config: Config, interpreters: list[str]) -> int:
    """How long an answer may take, in seconds: in the queue, in the handler, and until it is interrupted for good."""
    pools = [*config.pools, *(pool_for(config.pools, name) for name in interpreters)]
    if not all(pool.request_timeout for pool in pools):
        return PATIENCE
    return math.ceil(max(pool.queue_timeout + pool.request_timeout + pool.interrupt_timeout for pool in pools)) + MARGIN


def _addresses(host: Server) -> Iterator[Address]:
    for text in host.addresses or ("*",):
        where, port = address_argument(text)
        yield Address("" if where.lower() in _ANY else where, int(port) if port.isdecimal() else host.port or 80)


def _backend(
    config: Config, resolver: Resolver, host: Server, backends: dict[tuple[str, str], Backend]
) -> Backend:  # fmt: skip
    """The socket for a host's requests: its pool's own, or else one of the configuration's."""
    shared = [listen for listen in config.fastcgi_listens if not any(listen in pool.listens for pool in config.pools)]
    listens = list(pool_for(config.pools, resolver.server_interpreter(host)).listens) or shared
    usable = sorted((listen for listen in listens if listen.family in ("unix", "tcp")), key=_unix_first)
    if not usable:
        raise ConfigError(
            f"no front-end could connect to the host {host.name or 'without a name'}",
            host.place,
            "write a line such as: Listen unix:/run/mpfcgi/mpfcgi.sock mode=0660 group=www-data",
        )
    key = (usable[0].family, usable[0].address.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:"))
    name = "mpfcgi" if not backends else f"mpfcgi_{len(backends) + 1}"
    return backends.setdefault(key, Backend(name, *key))


def _unix_first(listen: Listen) -> bool:
    return listen.family != "unix"


def _offers(config: Config, resolver: Resolver, host: Server) -> Iterator[Offer]:
    """What SendfileHeader says for the host, and for places in it."""
    own = (config.main, host) if host.is_virtual else (host,)
    lines = [line for server in own for line in server.directives if line.name == "SendfileHeader"]
    value = resolver.server_settings(host).get("SendfileHeader")
    if value is not None:
        header, url, folder = value
        yield Offer(header, url, folder, lines[-1].place)
    for line in directives_in([section for server in own for section in server.sections]):
        if line.name == "SendfileHeader" and line.value is not None:
            header, url, folder = line.value
            yield Offer(header, url, folder, line.place)


def _body_limit(config: Config, resolver: Resolver, host: Server) -> int:
    """The largest LimitRequestBody of a host; 0 where some place has none, or an .htaccess may say otherwise."""
    own = host.sections if host.is_virtual else ()
    inner = list(directives_in((*config.main.sections, *own)))
    if any(line.name in ("AllowOverride", "AllowOverrideList") and line.value for line in inner):
        return 0
    limits = [resolver.server_settings(host).get("LimitRequestBody", 0)]
    limits += [line.value for line in inner if line.name == "LimitRequestBody"]
    return 0 if 0 in limits else int(max(limits))


def _tls(config: Config, host: Server) -> Tls | None:
    """The certificate of a host with `SSLEngine On`. These lines are the front-end's: the loader keeps none of them."""
    said: dict[str, str] = {}
    for node in _nodes_of(config.tree, host):
        if not isinstance(node, SectionNode) and node.args:
            said[node.name.lower()] = node.args[0]
    if said.get("sslengine", "off").lower() != "on":
        return None
    certificate = said.get("sslcertificatefile")
    if certificate is None:
        raise ConfigError(
            f"the host {host.name} has SSLEngine On and no certificate", host.place, "add SSLCertificateFile FILE"
        )
    return Tls(certificate, said.get("sslcertificatekeyfile", certificate))


def _nodes_of(tree: tuple[Node, ...], host: Server) -> tuple[Node, ...]:
    if not host.is_virtual:
        return tree
    return next((node.children for node in tree if isinstance(node, SectionNode) and node.place == host.place), ())
