"""Processes of one kind, kept at a number, whatever becomes of them."""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic

from mpfcgi.ipc import control
from mpfcgi.supervisor import process, shortages, staffing
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.staffing import BackOff, Pace, Policy, Snapshot
from mpfcgi.supervisor.worker_handle import WorkerHandle


class Headcount:
    """The workers of one generation, of which there may be `most`."""

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0

    @property
    def room(self) -> int:
        return max(self.most - self.count, 0)


class Crew(ABC):
    """Processes of one kind, kept at a number: what pools, the router and the processes beside have in common."""

    policy: Policy | None = None
    pace: Pace | None = None
    headcount: Headcount | None = None
    request_limit: float | None = None

    def __init__(self, name: str, wanted: int, log: Log, label: str) -> None:
        self.name, self.wanted = name, wanted
        # What the log calls one of them, before its process id.
        self._label = label
        self.members: dict[int, WorkerHandle] = {}
        self.backoff = BackOff()
        self.patience = staffing.PATIENCE
        self.leaving = False
        # A request has been seen that nobody was free for.
        self.waiting = False
        # Something has happened: the plan must be looked at. Otherwise at `next_look`, if ever.
        self.touched = True
        self.next_look: float | None = None
        self.log = log

    def snapshot(self, now: float) -> Snapshot:
        members = tuple(member.member(now) for member in self.members.values())
        policy = None if self.leaving else self.policy
        room = None if self.headcount is None else self.headcount.room
        return Snapshot(
            self.wanted, members, self.backoff, self.patience, policy, self.waiting and not self.leaving,
            self.pace, room, self.request_limit,
        )  # fmt: skip

    @property
    def is_ready(self) -> bool:
        """All that are wanted are there and have said so."""
        ready = [member for member in self.members.values() if member.ready and member.asked is None]
        return len(ready) >= self.wanted

    def doors(self, now: float) -> list[socket.socket]:
        """Where a request comes in that nobody of the crew is free to take."""
        return []

    def count_with(self, headcount: Headcount) -> None:
        """Be one of those that share another limit."""
        if self.headcount is not None:
            self.headcount.count -= len(self.members)
        headcount.count += len(self.members)
        self.headcount = headcount

    def want(self, number: int) -> None:
        """Have this many from now on."""
        if number != self.wanted:
            self.wanted, self.touched = number, True

    def act(self, now: float) -> None:
        """Do what the staffing plan says."""
        before = self.snapshot(now)
        self.wanted = staffing.wanted(before, now)
        for action in staffing.plan(self.snapshot(now), now):
            if isinstance(action, staffing.Spawn):
                self._try_spawn(now)
            elif isinstance(action, staffing.Retire):
                self._retire(self.members[action.pid], now)
            elif isinstance(action, staffing.Kill):
                self._end(self.members[action.pid], action.signal)
            elif isinstance(action, staffing.Dump):
                self.members[action.pid].dump(now)
            elif isinstance(action, staffing.Abandon):
                self._abandon(self.members[action.pid])
            else:
                self._destroy(self.members[action.pid])
        after = self.snapshot(now)
        if staffing.recovered(after, now):
            self.backoff = BackOff()
            self.log.notice(f"{self._label} processes stay alive again")
        self.waiting = self.touched = False
        self.next_look = staffing.wake(self.snapshot(now), now)

    def buried(self, pid: int, status: int, now: float) -> None:
        """The member `pid` has ended."""
        self.touched = True
        member = self.members.pop(pid)
        if member.control is not None:
            # What it has said last.
            member.read_control()
        member.release()
        if self.headcount is not None:
            self.headcount.count -= 1
        if self.has_said_why(member, os.waitstatus_to_exitcode(status)):
            return
        how = process.how_it_ended(status)
        before = self.backoff
        self.backoff = before.after_death(member.started, now)
        if not self.backoff.delay:
            self.log.error(f"{self._label} {pid} {how}; a new one is started")
        elif not before.delay:
            self.log.error(
                f"{self._label} {pid} {how} right after its start; trying again in {self.backoff.delay:g} s, "
                "then after longer and longer times"
            )

    def _end(self, member: WorkerHandle, number: int) -> None:
        """Its time for leaving gracefully is over."""
        member.kill(number)

    def has_said_why(self, member: WorkerHandle, code: int) -> bool:
        """Whether it is known why a member has ended with the exit code `code`: it is no mistake, or is logged already."""
        # User code may end with any code; a worker that gives up has asked for its replacement before.
        return member.asked is not None or (member.worn and code == control.GAVE_UP)

    def _retire(self, member: WorkerHandle, now: float) -> None:
        if member.worn:
            self.log.info(f"{self._label} {member.pid} leaves: it is replaced")
        member.retire(now)

    def _destroy(self, member: WorkerHandle) -> None:
        assert member.slot is not None
        self.log.error(
            f"{self._label} {member.pid} hangs in a request for more than {self.request_limit:g} s and does not react "
            f"to its interruption; it is killed: {member.slot.read().line or 'its request is not known'}"
        )
        member.destroy()

    def _abandon(self, member: WorkerHandle) -> None:
        self.log.error(
            f"{self._label} {member.pid} has closed its line to the supervisor and goes on, perhaps as another program; "
            "it is killed"
        )
        member.destroy()

    def reopen_logs(self) -> None:
        """Logs have been moved away."""
        for member in self.members.values():
            member.reopen_logs()

    def retire_all(self, now: float) -> None:
        """Ask all to leave; none are started any more."""
        self.touched = self.touched or not self.leaving
        self.leaving = True
        self.wanted = 0
        for member in self.members.values():
            if member.asked is None:
                member.retire(now)
                self.touched = True

    @abstractmethod
    def spawn(self) -> WorkerHandle:
        """Start one process. Any exception when there can't be one more."""

    def _try_spawn(self, now: float) -> None:
        try:
            member = self.spawn()
        except Exception as error:
            if not self.backoff.delay:
                what = shortages.remedy(error)
                self.log.error(f"{self._label}: can't start a process: {error}{what and f' ({what})'}")
            is_soon = isinstance(error, staffing.NotNow)
            self.backoff = self.backoff.after_waiting(now) if is_soon else self.backoff.after_failure(now)
            return
        self.members[member.pid] = member
        if self.headcount is not None:
            self.headcount.count += 1
        if self.pace is not None:
            self.pace = self.pace.after_start(now)


class Beside(Crew):
    """A process that runs beside the pools, such as the HTTP gateway of `mpfcgi serve`."""

    def __init__(self, name: str, main: Callable[[], int], keep: list[int], log: Log) -> None:
        super().__init__(name, 1, log, name)
        self._main, self._keep = main, keep
        self.patience = 3.0

    def spawn(self) -> WorkerHandle:
        pid = process.fork(self.name, self._main, [*self._keep, self.log.fd])
        return WorkerHandle(pid, monotonic(), ready=True)
