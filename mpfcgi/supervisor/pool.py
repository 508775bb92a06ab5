"""A pool: one interpreter's workers, their handoff queue, and their replacement when they die."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from time import monotonic

from mpfcgi.config import Config, Listen, PoolSettings
from mpfcgi.ipc import control
from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.ipc.scoreboard import Scoreboard, Slot
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor import process, staffing
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.queues import Queue
from mpfcgi.supervisor.staffing import BackOff, Snapshot
from mpfcgi.supervisor.worker_handle import WorkerHandle

WorkerMain = Callable[[WorkerSetup], int]


class Crew:
    """Processes of one kind, kept at a number: what pools, the router and the processes beside have in common."""

    def __init__(self, name: str, wanted: int, log: Log, label: str) -> None:
        self.name, self.wanted = name, wanted
        # What the log calls one of them, before its process id.
        self._label = label
        self.members: dict[int, WorkerHandle] = {}
        self.backoff = BackOff()
        self.patience = staffing.PATIENCE
        self._log = log

    def snapshot(self) -> Snapshot:
        return Snapshot(
            self.wanted, tuple(member.member() for member in self.members.values()), self.backoff, self.patience
        )

    @property
    def is_ready(self) -> bool:
        """All that are wanted are there and have said so."""
        ready = [member for member in self.members.values() if member.ready and member.asked is None]
        return len(ready) >= self.wanted

    def act(self, now: float) -> None:
        """Do what the staffing plan says."""
        for action in staffing.plan(self.snapshot(), now):
            if isinstance(action, staffing.Spawn):
                self._try_spawn(now)
            elif isinstance(action, staffing.Retire):
                self.members[action.pid].retire(now)
            else:
                self.members[action.pid].kill(action.signal)
        if staffing.recovered(self.snapshot(), now):
            self.backoff = BackOff()
            self._log.notice(f"{self._label} processes stay alive again")

    def buried(self, pid: int, status: int, now: float) -> None:
        """The member `pid` has ended."""
        member = self.members.pop(pid)
        member.release()
        if member.asked is not None:
            return
        how = process.how_it_ended(status)
        before = self.backoff
        self.backoff = before.after_death(member.started, now)
        if not self.backoff.delay:
            self._log.error(f"{self._label} {pid} {how}; a new one is started")
        elif not before.delay:
            self._log.error(
                f"{self._label} {pid} {how} right after its start; trying again in {self.backoff.delay:g} s, "
                "then after longer and longer times"
            )

    def retire_all(self, now: float) -> None:
        """Ask all to leave; none are started any more."""
        self.wanted = 0
        for member in self.members.values():
            if member.asked is None:
                member.retire(now)

    def spawn(self) -> WorkerHandle:
        raise NotImplementedError

    def _try_spawn(self, now: float) -> None:
        try:
            member = self.spawn()
        except (OSError, OverflowError) as error:
            if not self.backoff.delay:
                self._log.error(f"{self._label}: can't start a process: {error}")
            self.backoff = self.backoff.after_failure(now)
            return
        self.members[member.pid] = member


class WorkerCrew(Crew):
    """Workers of the interpreter `name` under one configuration; `wanted` of them, which `ps` shows by `title`."""

    def __init__(
        self, name: str, title: str, wanted: int, settings: PoolSettings, config: Config, generation: int, log: Log,
        scoreboard: Scoreboard, mutexes: Mutexes, worker_main: WorkerMain,
    ) -> None:  # fmt: skip
        super().__init__(name, wanted, log, f"[pool {title}] worker")
        self.title, self.settings, self.config, self.generation = title, settings, config, generation
        self._scoreboard, self._mutexes, self._worker_main = scoreboard, mutexes, worker_main

    def setup(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        """What a worker is given; `line` is its end of the control line."""
        raise NotImplementedError

    def spawn(self) -> WorkerHandle:
        # Filled in before the fork: afterwards it is the worker's, which may be ahead of us.
        slot = self._scoreboard.take()
        slot.occupy(0, self.generation, self.title)
        ours, theirs = control.control_pair()
        setup = self.setup(theirs, slot)
        ends = [end for end in (theirs, setup.queue, setup.siblings, setup.router) if end is not None]
        given = [*ends, *setup.listeners, *(listener for listener, _ in setup.connection_listeners)]

        kept = [*(sock.fileno() for sock in given), *self._mutexes.fds, self._log.fd]

        def main() -> int:
            slot.occupy(os.getpid(), self.generation, self.title)
            os.environ.update(self.settings.environment)
            return self._worker_main(setup)

        started = monotonic()
        try:
            pid = process.fork(f"pool {self.title}", main, kept)
        except OSError:
            slot.release()
            ours.close()
            raise
        finally:
            theirs.close()
        return WorkerHandle(pid, started, ours, slot=slot)


class Pool(WorkerCrew):
    """The workers that answer an interpreter's requests. `generation` tells reloads apart."""

    def __init__(
        self, name: str, settings: PoolSettings, config: Config, generation: int, log: Log,
        scoreboard: Scoreboard, mutexes: Mutexes, worker_main: WorkerMain, queue: Queue,
        listeners: list[socket.socket], router: socket.socket | None,
    ) -> None:  # fmt: skip
        super().__init__(
            name, name, settings.max_processes, settings, config, generation, log, scoreboard, mutexes, worker_main
        )  # fmt: skip
        self.queue = queue
        self._listeners, self._router = listeners, router

    def setup(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        send_end, receive_end = self.queue
        return WorkerSetup(
            self.config, self.settings, self.name, line, slot, self._mutexes, self.generation, self._listeners,
            queue=receive_end, siblings=send_end, router=self._router,
        )  # fmt: skip


class ConnectionPool(WorkerCrew):
    """The workers that run an interpreter's connection handlers, each one connection at a time.

    They are others than those that answer requests: a connection may last for hours, and a few of them would leave
    nobody to serve the site.
    """

    def __init__(
        self, name: str, settings: PoolSettings, config: Config, generation: int, log: Log,
        scoreboard: Scoreboard, mutexes: Mutexes, worker_main: WorkerMain,
        listeners: list[tuple[socket.socket, Listen]],
    ) -> None:  # fmt: skip
        wanted = settings.connection_processes or settings.max_processes
        title = f"{name} (connections)"
        super().__init__(name, title, wanted, settings, config, generation, log, scoreboard, mutexes, worker_main)
        self._listeners = listeners

    def setup(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        return WorkerSetup(
            self.config,
            self.settings,
            self.name,
            line,
            slot,
            self._mutexes,
            self.generation,
            connection_listeners=self._listeners,
        )


class Beside(Crew):
    """A process that runs beside the pools, such as the HTTP gateway of `mpfcgi serve`."""

    def __init__(self, name: str, main: Callable[[], int], keep: list[int], log: Log) -> None:
        super().__init__(name, 1, log, name)
        self._main, self._keep = main, keep
        self.patience = 3.0

    def spawn(self) -> WorkerHandle:
        pid = process.fork(self.name, self._main, [*self._keep, self._log.fd])
        return WorkerHandle(pid, monotonic(), ready=True)
