"""Pools and listening addresses: `<PythonPool>` sections and `Listen` lines into values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mpfcgi.config.directives import BadValue
from mpfcgi.config.directives.arguments import address_argument
from mpfcgi.config.model import ConfigError, Directive, Listen, Place, PoolSettings, SlowLog
from mpfcgi.config.runtime import MAX_SOCKET_PATH

# Options of Listen that are about the file of a unix socket.
FOR_FILES = ("mode", "owner", "group", "acl_users", "acl_groups")
# Directives whose value is a field as it is.
FIELDS = {
    "ProcessManager": "process_manager",
    "MaxProcesses": "max_processes",
    "IdleTimeout": "idle_timeout",
    "MaxSpawnRate": "max_spawn_rate",
    "MaxPools": "max_pools",
    "MaxRequests": "max_requests",
    "MaxLifetime": "max_lifetime",
    "MemoryLimit": "memory_limit",
    "User": "user",
    "Group": "group",
    "WorkingDirectory": "working_directory",
    "Umask": "umask",
    "Nice": "nice",
    "PythonHome": "python_home",
    "PythonOptimize": "optimize",
    "Preload": "preload",
    "RequestTimeout": "request_timeout",
    "InterruptTimeout": "interrupt_timeout",
    "InterruptAborted": "interrupt_aborted",
    "ConnectionProcesses": "connection_processes",
    "QueueLength": "queue_length",
    "QueueTimeout": "queue_timeout",
    "ReloadFile": "reload_file",
}
# What only one ProcessManager asks for.
ONLY_FOR = {
    "StartProcesses": "dynamic",
    "MinSpareProcesses": "dynamic",
    "MaxSpareProcesses": "dynamic",
    "IdleTimeout": "ondemand",
}


def settings(pattern: str, directives: Sequence[Directive], listens: tuple[Listen, ...], place: Place) -> PoolSettings:
    """The settings of a section, from its directives."""
    environment: dict[str, str] = {}
    limits: dict[str, tuple[int | None, int | None]] = {}
    for directive in directives:
        if directive.name == "SetEnv":
            environment.update(directive.value)
        elif directive.name == "ResourceLimit":
            limits.update(directive.value)
    plain: dict[str, Any] = {
        field: directive.value for directive in directives if (field := FIELDS.get(directive.name)) is not None
    }
    slow = [SlowLog(*line.value) for line in directives if line.name == "SlowLog"]
    return PoolSettings(
        pattern=pattern,
        **plain,
        queue_bounded=not {"queue_length", "queue_timeout"}.isdisjoint(plain),
        **_spare(directives),
        slow_log=slow[-1] if slow else None,
        environment=environment,
        resource_limits=limits,
        listens=listens,
        place=place,
    )


def ignored(directives: Sequence[Directive]) -> list[tuple[Directive, str]]:
    """The lines of a section that mean nothing under its ProcessManager, each with the one that it is for."""
    manager = ([line.value for line in directives if line.name == "ProcessManager"] or ["static"])[-1]
    return [(line, ONLY_FOR[line.name]) for line in directives if ONLY_FOR.get(line.name, manager) != manager]


def _spare(directives: Sequence[Directive]) -> dict[str, Any]:
    """MinSpareProcesses, MaxSpareProcesses and StartProcesses of a dynamic pool. ConfigError when they contradict."""
    lines = {line.name: line for line in directives}
    values = {name: line.value for name, line in lines.items()}
    if values.get("ProcessManager") != "dynamic":
        return {}
    default = PoolSettings()
    most = values.get("MaxProcesses", default.max_processes)
    least = values.get("MinSpareProcesses", min(default.min_spare_processes, values.get("MaxSpareProcesses", most)))
    spare = values.get("MaxSpareProcesses", min(max(default.max_spare_processes, least), most))
    # As PHP-FPM: in the middle of what may be spare.
    start = values.get("StartProcesses", (least + spare) // 2)
    for name, value, low, high, bounds in (
        ("MaxSpareProcesses", spare, 1, most, "MaxProcesses"),
        ("MinSpareProcesses", least, 1, spare, "MaxSpareProcesses"),
        ("StartProcesses", start, least, most, "MinSpareProcesses to MaxProcesses"),
    ):
        if not low <= value <= high:
            place = lines[name].place if name in lines else lines["ProcessManager"].place
            raise ConfigError(f"{name} is {value}, which is not within {low} to {high}", place, f"{bounds} bounds it")
    return {"min_spare_processes": least, "max_spare_processes": spare, "start_processes": start}


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
    values: dict[str, Any] = {"backlog": backlog}
    for option in options:
        name, equals, value = option.partition("=")
        if option == "connection":
            values["purpose"] = "connection"
            continue
        if option == "proxy_protocol":
            values["proxy_protocol"] = True
            continue
        if not equals or name not in (*FOR_FILES, "backlog"):
            raise ConfigError(
                f"Listen does not know {option!r}", directive.place,
                f"connection, proxy_protocol, {'=, '.join(FOR_FILES)}= and backlog= are known",
            )  # fmt: skip
        if name == "mode":
            values[name] = _number(option, 8, 0o777, "octal digits from 0 to 0777", directive.place)
        elif name == "backlog":
            values[name] = _number(option, 10, 65535, "a number from 0 to 65535", directive.place)
        elif name.startswith("acl_"):
            values[name] = tuple(filter(None, value.split(",")))
        else:
            values[name] = value
    family, where = _address(address, server_root, directive.place)
    if family != "unix" and values.keys() & set(FOR_FILES):
        raise ConfigError(f"{'=, '.join(FOR_FILES)}= are for unix sockets", directive.place)
    if "proxy_protocol" in values and "purpose" not in values:
        raise ConfigError(
            "proxy_protocol is for connections", directive.place, "write Listen ADDRESS connection proxy_protocol"
        )
    return Listen(family, where, place=directive.place, **values)


def _number(option: str, base: int, most: int, what: str, place: Place) -> int:
    """The number of an option NAME=NUMBER."""
    name, _, text = option.partition("=")
    try:
        number = int(text, base)
        if not 0 <= number <= most:
            raise ValueError(text)
    except ValueError:
        raise ConfigError(f"Listen {name}= takes {what}, not {text!r}", place)
    return number


def _address(text: str, server_root: str, place: Place) -> tuple[str, str]:
    if text.startswith("unix:"):
        path = os.path.join(server_root, text[5:])
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            raise ConfigError(
                f"the path of a unix socket has at most {MAX_SOCKET_PATH} bytes: {path}", place,
                "name a shorter one, such as unix:/tmp/NAME.sock mode=0600",
            )  # fmt: skip
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
