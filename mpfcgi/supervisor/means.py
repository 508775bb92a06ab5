"""What the supervisor has once, whatever the configuration of the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.queues import Queues

WorkerMain = Callable[[WorkerSetup], int]


@dataclass(frozen=True)
class Means:
    """What generations and their pools use, and none of them owns. `worker_main` is what a worker's process runs."""

    log: Log
    listeners: Listeners
    queues: Queues
    scoreboard: Scoreboard
    mutexes: Mutexes
    worker_main: WorkerMain
