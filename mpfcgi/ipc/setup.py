"""What the supervisor gives a worker at the fork."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.ipc.scoreboard import Scoreboard, Slot


@dataclass
class WorkerSetup:
    """One worker's inheritance.

    `config` and `pool` are the configuration's objects; `name` is the interpreter. `listeners` are this pool's own
    FastCGI sockets, `connection_listeners` those for raw connections with their Listen lines. `queue` is its handoff
    queue's receiving end and `siblings` its sending end (where a leaving worker's connections go), `router` the way to
    the router for requests of other pools (None where there is no router). A worker that is `alone` is the only
    process, in the foreground, and answers the requests of all interpreters. `mutexes` are the daemon's. After
    `max_requests` requests it asks for its replacement; 0 for never. `settle`, called when all log files are open and
    before any user code is loaded, makes the process the pool's user, with its limits. A process with `await_birth` is a
    template: it imports modules, and calls this, which returns in each worker that is forked from it with the worker's
    setup; in the template itself it gives None when that is to leave. A worker that `proves` itself imports what its
    handlers name before it serves, and ends with control.UNFIT where that fails. The `scoreboard` tells which siblings have time. `log_files` are the descriptors of log files that are open already, by path, and
    `daemon_log` is the supervisor's log, for what ends the process.
    """

    config: Any
    pool: Any
    name: str
    control: socket.socket
    slot: Slot
    mutexes: Mutexes
    generation: int = 0
    listeners: list[socket.socket] = field(default_factory=list)
    connection_listeners: list[tuple[socket.socket, Any]] = field(default_factory=list)
    queue: socket.socket | None = None
    siblings: socket.socket | None = None
    router: socket.socket | None = None
    alone: bool = False
    max_requests: int = 0
    proves: bool = False
    settle: Callable[[], None] | None = None
    await_birth: Callable[[], WorkerSetup | None] | None = None
    scoreboard: Scoreboard | None = None
    log_files: Mapping[str, int] = field(default_factory=dict)
    daemon_log: Any = None
