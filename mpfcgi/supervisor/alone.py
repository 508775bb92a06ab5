"""`mpfcgi run -X`: the whole daemon as one process in the foreground, with no fork, for debugging; and `mpfcgi fcgi`.

It answers the requests of all interpreters, one at a time; a handler may talk with the terminal. The configuration is
read once: there is nobody to start anew what a reload would change.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from mpfcgi.config import Config, connection_interpreters, pool_for, static_interpreters
from mpfcgi.ipc import control
from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor import conditions, locks
from mpfcgi.supervisor import log as logs
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.means import WorkerMain

COMMANDS: Mapping[int, bytes] = {
    signal.SIGTERM: control.QUIT,
    signal.SIGINT: control.QUIT,
    signal.SIGUSR1: control.REOPEN,
}


def run(
    config: Config, worker_main: WorkerMain, commands: Mapping[int, bytes] = COMMANDS, shared: str | None = None
) -> int:
    """Let `worker_main` serve until SIGTERM or Ctrl-C; its exit code. ConfigError when an address can't be listened on.

    `commands` is what signals tell it. `shared` is the configuration file of several such processes, which then have
    the same mutexes.
    """
    conditions.check_alone(config)
    log = logs.open_log(config)
    listeners = Listeners()
    listeners.adopt(config.listens)
    mutexes = locks.create(config, log, shared)
    try:
        setup = _setup(config, listeners, mutexes, commands)
        log.notice("mpfcgi started as one process")
        return worker_main(setup)
    finally:
        listeners.close()
        mutexes.close()
        log.notice("mpfcgi stopped")


def _setup(config: Config, listeners: Listeners, mutexes: Mutexes, commands: Mapping[int, bytes]) -> WorkerSetup:
    names = [*static_interpreters(config), *connection_interpreters(config)]
    for name in names:
        conditions.set_environment(pool_for(config.pools, name).environment)
    ours, theirs = control.control_pair()
    slot = Scoreboard(1).take()
    slot.occupy(os.getpid(), 0, names[0])

    def command(number: int, frame: object) -> None:
        control.tell(ours, commands[number])
        if number == signal.SIGINT:
            # The first Ctrl-C is seen between requests; the second one interrupts a handler.
            signal.signal(signal.SIGINT, signal.default_int_handler)

    for number in commands:
        signal.signal(number, command)
    return WorkerSetup(
        config,
        pool_for(config.pools, names[0]),
        names[0],
        theirs,
        slot,
        mutexes,
        listeners=listeners.of(config.fastcgi_listens),
        connection_listeners=listeners.with_lines(config.connection_listens),
        alone=True,
    )
