"""Pools and listening addresses: `<PythonPool>` sections and `Listen` lines into values."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase

from mpfcgi.config.model import ConfigError, Directive, Listen, Place, PoolSettings
from mpfcgi.config.values import BadValue, address_argument

# sun_path of a unix address, with its final NUL (unix(7)).
MAX_SOCKET_PATH = 107


def settings(pattern: str, directives: Iterable[Directive], listens: tuple[Listen, ...], place: Place) -> PoolSettings:
    """The settings of a section, from its directives."""
    values = {directive.name: directive.value for directive in directives}
    environment: dict[str, str] = {}
    for directive in directives:
        if directive.name == "SetEnv":
            environment.update(directive.value)
    default = PoolSettings()
    return PoolSettings(
        pattern=pattern,
        process_manager=values.get("ProcessManager", default.process_manager),
        max_processes=values.get("MaxProcesses", default.max_processes),
        connection_processes=values.get("ConnectionProcesses"),
        queue_length=values.get("QueueLength", default.queue_length),
        environment=environment,
        listens=listens,
        place=place,
    )


def pool_for(pools: Iterable[PoolSettings], name: str) -> PoolSettings:
    """The section for an interpreter: one of its very name, or the longest pattern that fits, or the defaults."""
    fitting = [pool for pool in pools if pool.pattern == name]
    if not fitting:
        fitting = sorted(
            (pool for pool in pools if fnmatchcase(name, pool.pattern)), key=lambda pool: len(pool.pattern)
        )
    return fitting[-1] if fitting else PoolSettings()


def listen(directive: Directive, server_root: str, backlog: int) -> Listen:
    """A `Listen` line; `backlog` is that of a line that names none. ConfigError."""
    address, *options = directive.args
    values: dict[str, str | int] = {"backlog": backlog}
    for option in options:
        name, equals, value = option.partition("=")
        if option == "connection":
            values["purpose"] = "connection"
            continue
        if option == "proxy_protocol":
            values["proxy_protocol"] = True
            continue
        if not equals or name not in ("mode", "owner", "group", "backlog"):
            raise ConfigError(
                f"Listen does not know {option!r}",
                directive.place,
                "connection, proxy_protocol, mode=, owner=, group= and backlog= are known",
            )
        if name in ("mode", "backlog"):
            base = 8 if name == "mode" else 10
            try:
                values[name] = int(value, base)
            except ValueError:
                raise ConfigError(f"Listen {name}= takes a number, not {value!r}", directive.place)
        else:
            values[name] = value
    family, where = _address(address, server_root, directive.place)
    if family != "unix" and set(values) & {"mode", "owner", "group"}:
        raise ConfigError("mode=, owner= and group= are for unix sockets", directive.place)
    if "proxy_protocol" in values and "purpose" not in values:
        raise ConfigError(
            "proxy_protocol is for connections", directive.place, "write Listen ADDRESS connection proxy_protocol"
        )
    return Listen(family, where, place=directive.place, **values)  # type: ignore[arg-type]


def _address(text: str, server_root: str, place: Place) -> tuple[str, str]:
    if text.startswith("unix:"):
        path = os.path.join(server_root, text[5:])
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            raise ConfigError(f"the path of a unix socket has at most {MAX_SOCKET_PATH} bytes: {path}", place)
        return "unix", path
    if text.startswith("fd:"):
        if not text[3:].isdecimal():
            raise ConfigError(f"Listen fd: takes a number, not {text[3:]!r}", place)
        return "fd", text[3:]
    if text.isdecimal():
        text = f"*:{text}"
    try:
        host, port = address_argument(text)
    except BadValue as error:
        raise ConfigError(f"Listen {error}", place, "or unix:PATH, or fd:N")
    if not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"Listen {text} has no port", place, "write HOST:PORT, unix:PATH or fd:N")
    return "tcp", f"{host if host not in ('', '*') else '0.0.0.0'}:{port}"
