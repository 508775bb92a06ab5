"""What a configuration says, as frozen values: servers, sections, directives, pools, listening addresses.

The loader makes these from text; the resolver reads them. Nothing here reads files or sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where something stands: a file and a line (1-based)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class ConfigError(Exception):
    """The configuration is wrong, at a place, and `hint` says what to do about it."""

    def __init__(self, message: str, place: Place | None = None, hint: str = "") -> None:
        self.message, self.place, self.hint = message, place, hint
        # What else is wrong: this is the first of them all.
        self.others: tuple[ConfigError, ...] = ()
        super().__init__(message, place, hint)

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return where + self.message + (f" ({self.hint})" if self.hint else "")


def _reading_order(error: ConfigError) -> tuple[str, int]:
    return (error.place.file, error.place.line) if error.place is not None else ("", 0)


class Mistakes:
    """Collects the errors of what can be looked at piece by piece."""

    def __init__(self) -> None:
        self.found: list[ConfigError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on behind a piece with a mistake."""
        try:
            yield
        except ConfigError as error:
            self.found += (error, *error.others)
            error.others = ()

    def end(self) -> None:
        """Raise them all as the first one's `others`, if there are any."""
        if self.found:
            first, *others = sorted(self.found, key=_reading_order)
            first.others = tuple(others)
            raise first


@dataclass(frozen=True, eq=False)
class Directive:
    """One directive: its canonical name, its arguments as written, and what the registry made of them."""

    name: str
    args: tuple[str, ...]
    value: Any
    place: Place


@dataclass(frozen=True, eq=False)
class Section:
    """A container: `kind` is Directory, Files or Location. What stands in <Limit> belongs to the section around it.

    `argument` is the path or pattern; `is_regex` is true for the Match forms and `~`.
    """

    kind: str
    argument: str
    is_regex: bool
    directives: tuple[Directive, ...]
    sections: tuple[Section, ...]
    place: Place


@dataclass(frozen=True, eq=False)
class Server:
    """The main server or one virtual host. Compared by identity. Names are as they are written, whatever their case;
    `scheme` is what ServerName says before ://."""

    name: str
    port: int
    aliases: tuple[str, ...]
    wild_aliases: tuple[str, ...]
    addresses: tuple[str, ...]
    directives: tuple[Directive, ...]
    sections: tuple[Section, ...]
    place: Place
    is_virtual: bool
    scheme: str = ""

    def own(self, name: str, default: Any = None) -> Any:
        """The value of its last line `name` outside of all its sections; `default` where there is none."""
        return next((line.value for line in reversed(self.directives) if line.name == name), default)


@dataclass(frozen=True)
class Listen:
    """One `Listen` line. `family` is unix, tcp or fd; `address` a path, `host:port` or a number.

    `purpose` is "fastcgi" or "connection"; connections may begin with a PROXY header (`proxy_protocol`). `mode`, `owner`
    and `group` are a unix socket's permissions, None leaves them as they come; `acl_users` and `acl_groups` may connect
    beside those. `backlog` is that of listen(2).
    """

    family: str
    address: str
    purpose: str = "fastcgi"
    proxy_protocol: bool = False
    mode: int | None = None
    owner: str | None = None
    group: str | None = None
    acl_users: tuple[str, ...] = ()
    acl_groups: tuple[str, ...] = ()
    backlog: int = 511
    place: Place | None = None


@dataclass(frozen=True)
class SlowLog:
    """A file for tracebacks of handlers that still run after `time` seconds."""

    file: str
    time: float


@dataclass(frozen=True)
class PoolSettings:
    """A `<PythonPool PATTERN>` section, or the defaults. Times in seconds, sizes in bytes."""

    pattern: str = "*"
    process_manager: str = "static"
    max_processes: int = 4
    start_processes: int = 2
    min_spare_processes: int = 1
    max_spare_processes: int = 3
    idle_timeout: float = 10.0
    max_spawn_rate: int = 32
    max_pools: int = 1000
    max_requests: int = 0
    max_lifetime: float = 0.0
    memory_limit: int = 0
    request_timeout: float = 0.0
    interrupt_timeout: float = 5.0
    interrupt_aborted: bool = False
    slow_log: SlowLog | None = None
    user: str | None = None
    group: str | None = None
    working_directory: str | None = None
    umask: int | None = None
    nice: int = 0
    # Soft and hard limits by the lower-case names of setrlimit(2); None is unlimited.
    resource_limits: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    python_home: str | None = None
    # None where only the main server, or nothing, says it.
    optimize: bool | None = None
    preload: bool = False
    connection_processes: int | None = None
    queue_length: int = 128
    queue_timeout: float = 30.0
    # Whether QueueLength or QueueTimeout is said, and not just assumed.
    queue_bounded: bool = False
    reload_file: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    listens: tuple[Listen, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, eq=False)
class Config:
    """A whole configuration. `defines` are the variables of -D and Define; `warnings` are sentences with their place,
    for the checker and the log; `tree` are the nodes that hold, files included and conditions decided; `types` are
    content types by extension."""

    file: str
    server_root: str
    main: Server
    vhosts: tuple[Server, ...]
    pools: tuple[PoolSettings, ...]
    listens: tuple[Listen, ...]
    defines: Mapping[str, str]
    warnings: tuple[str, ...]
    tree: tuple[Any, ...]
    types: Mapping[str, str]
    # Where the daemon writes its process id and takes commands; "" for nowhere. A default that can't be had is no error.
    pid_file: str = ""
    control_socket: str = ""
    control_configured: bool = False
    # None where nothing is said of it.
    allow_root: bool | None = None

    def of_main(self, name: str, default: Any = None) -> Any:
        """The value of the last line `name` outside of all sections; `default` where there is none."""
        return self.main.own(name, default)

    @property
    def servers(self) -> tuple[Server, ...]:
        """The main server and the virtual hosts."""
        return (self.main, *self.vhosts)

    @property
    def fastcgi_listens(self) -> tuple[Listen, ...]:
        """Where front-ends connect."""
        return tuple(listen for listen in self.listens if listen.purpose == "fastcgi")

    @property
    def connection_listens(self) -> tuple[Listen, ...]:
        """Where clients of connection handlers connect."""
        return tuple(listen for listen in self.listens if listen.purpose == "connection")
