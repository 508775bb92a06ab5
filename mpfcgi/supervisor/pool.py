"""A pool: one interpreter's workers and their handoff queue."""

from __future__ import annotations

import os
import random
import socket
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from mpfcgi.config import Config, Listen, PoolSettings
from mpfcgi.ipc import control
from mpfcgi.ipc.scoreboard import BUSY, Slot
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor import conditions, other_python, process, shortages, staffing
from mpfcgi.supervisor.crew import Crew, Headcount
from mpfcgi.supervisor.means import Means
from mpfcgi.supervisor.queues import ready
from mpfcgi.supervisor.staffing import Pace, Policy, Snapshot
from mpfcgi.supervisor.template import TemplateCrew
from mpfcgi.supervisor.worker_handle import WorkerHandle

# Seconds between two lines about requests that wait.
FULL_AGAIN = 60.0
# Seconds that a worker has for the end of a request that went on for too long, before it is ended.
GRACE = 1.0


@dataclass(frozen=True)
class Common:
    """What all pools of a generation have in common. `generation` is its number, which tells reloads apart."""

    config: Config
    generation: int
    headcount: Headcount
    means: Means


def patience_of(config: Config) -> float:
    """Seconds that workers have for leaving gracefully."""
    return config.of_main("GracefulShutdownTimeout", staffing.PATIENCE) or staffing.FOREVER


class WorkerCrew(Crew):
    """Workers of the interpreter `name` under one configuration, as `policy` has it; `ps` shows them by `title`."""

    def __init__(self, name: str, title: str, policy: Policy, settings: PoolSettings, common: Common) -> None:
        self._means = common.means
        first = {"static": policy.most, "dynamic": settings.start_processes, "ondemand": 0}[policy.manager]
        super().__init__(name, first, self._means.log, f"[pool {title}] worker")
        burst = max(first, settings.max_spawn_rate)
        self.policy, self.pace = policy, Pace(settings.max_spawn_rate, burst, burst)
        self.headcount = common.headcount
        self.title, self.settings = title, settings
        self.config, self.generation = common.config, common.generation
        self._identity = conditions.identity_of(settings, self.config)
        self.python = other_python.described(self.config, settings)
        # Whether workers that start now must prove first that they can import their handlers' modules, for others serve
        # as long; and why one could not.
        self.proves, self.unfit = False, ""
        self.patience = patience_of(self.config)
        # How to start that, where a fork does not do.
        self._program = other_python.command_for(self.config, settings)
        self.template = TemplateCrew(self) if settings.preload or self._program is not None else None

    def _settling(self) -> Callable[[], None]:
        """What brings a worker under the pool's conditions; to be made in the parent."""
        parent = os.getpid()
        root = self.config.server_root
        return lambda: conditions.settle(self.settings, self._identity, root, lambda: process.die_with_parent(parent))

    def reopen_logs(self) -> None:
        """Logs have been moved away. Workers that may not open new ones are replaced by some that could."""
        if self._identity is None:
            super().reopen_logs()
            return
        self.touched = True
        for member in self.members.values():
            member.worn = True

    def doors(self, now: float) -> list[socket.socket]:
        if self.leaving or not staffing.wants_requests(self.snapshot(now), now):
            return []
        return self.entrances()

    @abstractmethod
    def entrances(self) -> list[socket.socket]:
        """Where the workers take requests from."""

    def setup(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        """What a worker is given; `line` is its end of the control line."""
        return WorkerSetup(
            self.config, self.settings, self.name, line, slot, self._means.mutexes, self.generation,
            scoreboard=self._means.scoreboard,
        )  # fmt: skip

    def snapshot(self, now: float) -> Snapshot:
        found = super().snapshot(now)
        # Without a template there can be no more for the moment; nor where it is known that they would fail.
        can_start = (self.template is None or self.template.is_ready) and not self.unfit
        return found if can_start else replace(found, room=0)

    def succeed(self, old: WorkerCrew) -> None:
        """Take the place of a crew that serves, as soon as all workers are there and have proved themselves."""
        self.proves = any(member.ready for member in old.members.values())
        if self.proves and self.settings.process_manager == "ondemand":
            # As if asked for: otherwise the first to find out would be a visitor.
            self.wanted, self.waiting = 1, True

    def serve_unfit(self) -> None:
        """Start workers that need not prove themselves."""
        self.proves, self.unfit, self.touched = False, "", True

    def _end(self, member: WorkerHandle, number: int) -> None:
        if member.signals == 0 and member.ready and member.slot is not None:
            line = member.slot.read().line if member.slot.state == BUSY else ""
            limit = " (GracefulShutdownTimeout)" if self.patience == patience_of(self.config) else ""
            why = line or "a client is slow to take its response"
            if process.is_stopped(member.pid):
                why = f"{line}{line and '; '}it is stopped (SIGSTOP, or a debugger)"
            self.log.warning(
                f"{self._label} {member.pid} is ended {self.patience:g} s after it was asked to leave{limit}: {why}"
            )
        super()._end(member, number)

    def buried(self, pid: int, status: int, now: float) -> None:
        slot = self.members[pid].slot
        if os.waitstatus_to_exitcode(status) == control.UNFIT and self.proves and slot is not None:
            self.unfit = slot.read().line or "its handlers' modules can't be imported"
        super().buried(pid, status, now)

    def has_said_why(self, member: WorkerHandle, code: int) -> bool:
        return super().has_said_why(member, code) or (self.proves and code == control.UNFIT)

    def spawn(self) -> WorkerHandle:
        # Filled in before the fork: afterwards it is the worker's, which may be ahead of us.
        ours, theirs = control.control_pair()
        try:
            slot = self._means.scoreboard.take()
        except OverflowError:
            ours.close()
            theirs.close()
            raise
        slot.occupy(0, self.generation, self.title)
        max_requests = int(_less_a_bit(self.settings.max_requests))
        started = monotonic()
        try:
            if self.template is not None:
                pid = self.template.order(slot, max_requests, self.proves, theirs)
            else:
                setup = self.prepared(theirs, slot)
                setup.max_requests, setup.proves = max_requests, self.proves
                pid = process.fork(f"pool {self.title}", lambda: self.start(setup), self.kept(setup))
        except BaseException:
            slot.release()
            ours.close()
            raise
        finally:
            theirs.close()
        lifetime = _less_a_bit(self.settings.max_lifetime)
        return WorkerHandle(pid, started, ours, slot=slot, expires=started + lifetime if lifetime else None)

    # -- for a child, and for the template

    def prepared(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        """The setup of a process of this pool, with what it is to do before it loads user code."""
        setup = self.setup(line, slot)
        setup.settle, setup.daemon_log = self._settling(), self.log
        return setup

    def kept(self, setup: WorkerSetup) -> list[int]:
        """The descriptors that a process with this setup needs."""
        ends = [end for end in (setup.control, setup.queue, setup.siblings, setup.router) if end is not None]
        given = [*ends, *setup.listeners, *(listener for listener, _ in setup.connection_listeners)]
        scoreboard = self._means.scoreboard
        memory = [scoreboard.file] if self._program is not None and scoreboard.file is not None else []
        return [*(sock.fileno() for sock in given), *self._means.mutexes.fds, self.log.fd, *scoreboard.fds, *memory]

    def start(self, setup: WorkerSetup) -> int:
        """In the child: be a worker, or the template; the exit code."""
        setup.slot.occupy(os.getpid(), self.generation, self.title)
        conditions.set_environment(conditions.environment(self.settings, self._identity))
        try:
            if self._program is not None:
                other_python.become(self._program, setup, self.title)
            return self._means.worker_main(setup)
        except Exception as error:
            # Its traceback goes to standard error, which few daemons' users see.
            why = " ".join(str(error).split())
            what = shortages.remedy(error, self.settings)
            self.log.error(
                f"{self._label} {os.getpid()} has crashed: {type(error).__name__}: {why}{what and f' ({what})'}"
            )
            raise


def _less_a_bit(limit: float) -> float:
    """A limit of one worker: up to a tenth less, so that workers started together are not replaced together."""
    return limit * random.uniform(0.9, 1) if limit > 1 else limit


class Pool(WorkerCrew):
    """The workers that answer an interpreter's requests, from `listeners` of its own and what the `router` brings."""

    def __init__(
        self, name: str, settings: PoolSettings, common: Common,
        listeners: list[socket.socket], router: socket.socket | None,
    ) -> None:  # fmt: skip
        policy = Policy(
            settings.process_manager, settings.max_processes,
            settings.min_spare_processes, settings.max_spare_processes, settings.idle_timeout,
        )  # fmt: skip
        super().__init__(name, name, policy, settings, common)
        self.queue = self._means.queues.of(name)
        if settings.request_timeout:
            self.request_limit = settings.request_timeout + settings.interrupt_timeout + GRACE
        self._listeners, self._router = listeners, router
        self.made = self._emptied = monotonic()
        self._said_full = -FULL_AGAIN

    def entrances(self) -> list[socket.socket]:
        return [self.queue[1], *self._listeners]

    def act(self, now: float) -> None:
        super().act(now)
        if now >= self._said_full + FULL_AGAIN and self._is_full(now):
            self._said_full = now
            self._say_who_holds()
        if self.members:
            self._emptied = now
            self._look_at(now + staffing.LOOK)
        elif (over := self._emptied + self.settings.idle_timeout) > now:
            self._look_at(over)

    def _look_at(self, time: float) -> None:
        self.next_look = time if self.next_look is None else min(time, self.next_look)

    def _is_full(self, now: float) -> bool:
        """Whether requests wait, and there may be no more workers. Where the router has them, it sees to that itself."""
        settings = self.settings
        if settings.queue_bounded or len(self.members) < settings.max_processes:
            return False
        # A static pool always has its most: that all are busy for a moment is nothing to speak of.
        begun = now - staffing.LOOK if settings.process_manager == "static" else now
        slots = [member.slot for member in self.members.values() if member.slot is not None]
        busy = [slot for slot in slots if slot.state == BUSY and slot.since <= begun]
        return len(busy) >= settings.max_processes and any(ready(end) for end in self.entrances())

    def _say_who_holds(self) -> None:
        readings = [member.slot.read() for member in self.members.values() if member.slot is not None]
        self.log.warning(
            f"[pool {self.name}] requests wait: all {self.settings.max_processes} workers (MaxProcesses) are busy: "
            + "; ".join(f"{reading.pid}: {reading.line or '(a moment)'}" for reading in readings)
        )

    def last_active(self) -> float:
        """When one of its workers was last seen busy; when it was made, or became empty, if none was."""
        times = [member.active for member in self.members.values() if member.active is not None]
        return max(times, default=self._emptied if not self.members else self.made)

    def is_idle(self, now: float) -> bool:
        """Whether nobody waits for an answer from it."""
        return not self.waiting and not any(member.busy for member in self.snapshot(now).members)

    @property
    def serves(self) -> bool:
        """Whether what waits in its queue will be answered: by a worker, or by one that is started for it."""
        if self.settings.process_manager == "ondemand":
            return not self.leaving and not self.backoff.delay
        return self.is_ready and self.wanted > 0

    def is_starved(self) -> bool:
        """Whether it has no worker and should have one."""
        return not self.members and not self.leaving and (self.wanted > 0 or self._knocked())

    def _knocked(self) -> bool:
        return self.settings.process_manager == "ondemand" and any(ready(end) for end in self.entrances())

    def dispensable(self, now: float) -> int | None:
        """The worker that it could spare: the one that has been idle for longest, if it isn't static."""
        staying = self.snapshot(now).staying
        idle = [member for member in staying if not member.busy]
        if self.settings.process_manager == "static" or not idle:
            return None
        if self.settings.process_manager == "dynamic" and len(staying) <= self.settings.min_spare_processes:
            return None
        return min(idle, key=lambda member: member.idle_since).pid

    def is_over(self, now: float) -> bool:
        """Whether it has had no worker for as long as a worker may be idle."""
        return (
            self.settings.process_manager == "ondemand"
            and not self.members
            and not self._knocked()
            and now >= self._emptied + self.settings.idle_timeout
        )

    def setup(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        send_end, receive_end = self.queue
        if self.settings.process_manager == "ondemand" and self._router is not None:
            # Its idle connections must not start another worker.
            send_end = self._router
        return replace(
            super().setup(line, slot),
            listeners=self._listeners,
            queue=receive_end,
            siblings=send_end,
            router=self._router,
        )


class ConnectionPool(WorkerCrew):
    """The workers that run an interpreter's connection handlers, each one connection at a time.

    They are others than those that answer requests: a connection may last for hours, and a few of them would leave
    nobody to serve the site.
    """

    def __init__(
        self, name: str, settings: PoolSettings, common: Common,
        listeners: list[tuple[socket.socket, Listen]],
    ) -> None:  # fmt: skip
        most = settings.connection_processes or settings.max_processes
        manager = "ondemand" if settings.process_manager == "ondemand" else "static"
        policy = Policy(manager, most, idle_timeout=settings.idle_timeout)
        super().__init__(name, f"{name} (connections)", policy, settings, common)
        self._listeners = listeners

    def entrances(self) -> list[socket.socket]:
        return [listener for listener, _ in self._listeners]

    def setup(self, line: socket.socket, slot: Slot) -> WorkerSetup:
        return replace(super().setup(line, slot), connection_listeners=self._listeners)
