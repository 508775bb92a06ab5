"""Which interpreters a configuration can ask for: what the supervisor starts, and whether it needs a router."""

from __future__ import annotations

from mpfcgi.config import connections
from mpfcgi.config.directives.python import Import
from mpfcgi.config.model import Config, Listen, Server
from mpfcgi.config.naming import makes_names
from mpfcgi.config.patterns import is_wild
from mpfcgi.config.resolver import Resolver
from mpfcgi.config.sections import directives_in


def static_interpreters(config: Config) -> tuple[str, ...]:
    """The interpreters that are known without a request: hosts, PythonInterpreter lines, pools with a plain name."""
    resolver = Resolver(config)
    if not config.fastcgi_listens and config.connection_listens:
        return ()
    hosts = [host for host in config.vhosts if not connections.is_for_connections(host, config)]
    names = [resolver.server_interpreter(server) for server in (hosts or (config.main,))]
    for server in config.servers:
        names += [
            directive.value for directive in directives_in(server.sections) if directive.name == "PythonInterpreter"
        ]
    # What only connections ask for has other workers.
    more = [line.interpreter for _, line in imports(config)]
    more += [pool.pattern for pool in config.pools if not is_wild(pool.pattern)]
    elsewhere = connection_interpreters(config)
    return tuple(dict.fromkeys([*names, *(name for name in more if name not in elsewhere)]))


def imports(config: Config, name: str | None = None) -> list[tuple[Server, Import]]:
    """The PythonImport lines, of the interpreter `name` or of all, in their order, each with the server it stands in."""
    return [
        (server, line)
        for server in config.servers
        for directive in server.directives
        if directive.name == "PythonImport"
        for line in directive.value
        if name in (None, line.interpreter)
    ]


def connection_interpreters(config: Config) -> dict[str, tuple[Listen, ...]]:
    """The interpreters that have connection handlers, each with the lines whose connections it takes."""
    resolver = Resolver(config)
    found: dict[str, tuple[Listen, ...]] = {}
    for listen in config.connection_listens:
        name = resolver.server_interpreter(resolver.server_at(listen))
        found[name] = (*found.get(name, ()), listen)
    return found


def needs_router(config: Config) -> bool:
    """Whether connections must be seen before a pool gets them.

    They are for several pools; or a pool has no worker at times, or says how many requests wait for one, and how long.
    An on-demand pool's kept connections wait in the router, for a worker that only holds some would never be idle.
    """
    if not config.fastcgi_listens and config.connection_listens:
        return False
    return names_vary(config) or any(pool.process_manager == "ondemand" or pool.queue_bounded for pool in config.pools)


def names_vary(config: Config) -> bool:
    """Whether requests of one listener may need different interpreters (so that a router is needed)."""
    return len(static_interpreters(config)) > 1 or any(
        makes_names(directive)
        for server in config.servers
        for directive in (*server.directives, *directives_in(server.sections))
    )
