"""Raw connections: which server's PythonConnectionHandler a `Listen ... connection` line is for (manual 5.3.1).

A connection names no host. As in Apache it belongs to the first <VirtualHost> of its address and port, or else to the
main server.
"""

from __future__ import annotations

from collections.abc import Sequence

from mpfcgi.config.directives.arguments import address_argument
from mpfcgi.config.hosts import Hosts
from mpfcgi.config.model import Config, ConfigError, Directive, Listen, Server

HANDLER = "PythonConnectionHandler"


def server_at(hosts: Hosts, listen: Listen) -> Server:
    """The server of a line's connections."""
    address, port = listen.address.rsplit(":", 1) if listen.family == "tcp" else ("", "")
    return hosts.at(port, address)


def is_for_connections(host: Server, config: Config) -> bool:
    """Whether a virtual host is at ports of connections only, so that it has no requests."""
    return bool(config.connection_listens) and bool(host.addresses) and _ports(host) <= _ports_of(config.listens)


def check(main: Server, vhosts: Sequence[Server], listens: Sequence[Listen]) -> list[str]:
    """Sentences about handlers that no connection can reach. ConfigError for a line without a handler."""
    hosts = Hosts(main, vhosts)
    served = set()
    for listen in listens:
        if listen.purpose != "connection":
            continue
        server = server_at(hosts, listen)
        served.add(server)
        if not (_handlers(server) or _handlers(main)):
            raise ConfigError(
                f"no {HANDLER} is there for the connections of {listen.address}",
                listen.place,
                f"write {HANDLER} into the <VirtualHost> of this address, or outside of all",
            )
    return [
        f"{directive.place}: {HANDLER} is never called: no Listen line with the word connection is for its server"
        for server in (main, *vhosts)
        for directive in _handlers(server)
        if server not in served and not (server is main and served)
    ]


def _handlers(server: Server) -> list[Directive]:
    return [directive for directive in server.directives if directive.name == HANDLER]


def _ports(host: Server) -> set[str]:
    return {address_argument(address)[1] or "*" for address in host.addresses}


def _ports_of(listens: Sequence[Listen]) -> set[str]:
    return {
        listen.address.rpartition(":")[2]
        for listen in listens
        if listen.family == "tcp" and listen.purpose == "connection"
    }
