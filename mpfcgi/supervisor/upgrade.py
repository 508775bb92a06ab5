"""An upgrade: the supervisor's process runs itself anew, by exec, and keeps what others hold the ends of.

That is its process id and its children, the listening sockets, the queues with what waits in them, the control lines of
the workers, the mutexes and the control socket. The new program starts workers of its own; until they are ready the old
ones go on as if nothing had happened. What is kept is written into a file in memory whose descriptor an environment
variable names; signals are held back in between.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.supervisor import process
from mpfcgi.supervisor.commands import SIGNALS
from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.queues import Queues
from mpfcgi.supervisor.router_handle import RouterCrew
from mpfcgi.supervisor.staffing import Snapshot
from mpfcgi.supervisor.worker_handle import WorkerHandle

if TYPE_CHECKING:
    import subprocess

VARIABLE = "MPFCGI_UPGRADE"
# Of what is written down: a program that writes it otherwise has another number.
FORM = 1


@dataclass(frozen=True)
class Programs:
    """`check` says whether the new program and its configuration are right, `run` is the new program."""

    check: list[str]
    run: list[str]


@dataclass
class Inheritance:
    """What a supervisor has from the one that it was before. Times are seconds; `started` since the epoch."""

    started: float
    upgrades: int
    generation: int
    on_demand: list[str]
    listeners: list[list[Any]]
    queues: dict[str, list[int]]
    hand_backs: list[int]
    mutexes: dict[str, Any]
    console: list[Any] | None
    members: list[dict[str, Any]]
    form: int = FORM
    descriptors: list[int] = field(default_factory=list)


class Predecessors(Crew):
    """Workers of the program before: they are not replaced, and leave when the new ones are ready."""

    def __init__(self, members: Iterable[WorkerHandle], log: Log) -> None:
        self._adopt(members, log)

    def _adopt(self, members: Iterable[WorkerHandle], log: Log) -> None:
        Crew.__init__(self, "(before the upgrade)", 0, log, "process of before the upgrade")
        self.members = {member.pid: member for member in members}
        self.wanted = sum(member.asked is None for member in self.members.values())

    def snapshot(self, now: float) -> Snapshot:
        found = super().snapshot(now)
        # One that has done its time goes on until all leave: there is nothing here to replace it from.
        return replace(found, members=tuple(replace(member, worn=False, expires=None) for member in found.members))

    def spawn(self) -> WorkerHandle:
        raise AssertionError("no process of the program before is ever missing: see snapshot and buried")

    def buried(self, pid: int, status: int, now: float) -> None:
        member = self.members.pop(pid)
        member.release()
        if member.asked is None:
            self.wanted -= 1
            self.log.error(f"{self._label} {pid} {process.how_it_ended(status)}")
        self.touched = True


class FormerRouter(Predecessors, RouterCrew):
    """The router of the program before; it may still ask for queues."""

    def __init__(self, members: Iterable[WorkerHandle], log: Log) -> None:
        self._adopt(members, log)


class Check:
    """The check of the new program, in a process of its own; `done` gets None, or what is wrong."""

    def __init__(self, programs: Programs, done: Callable[[str | None], None]) -> None:
        import subprocess  # not for every worker

        self._done = done
        self._output = os.memfd_create("mpfcgi-check")
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            programs.check, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self._process.kill()

    def ended(self, status: int) -> None:
        """Its process has ended with this wait status."""
        self._process.returncode = os.waitstatus_to_exitcode(status)
        text = os.pread(self._output, 4096, 0).decode(errors="replace").strip()
        os.close(self._output)
        self._done(None if self._process.returncode == 0 else text or process.how_it_ended(status))


def inheritance(environ: MutableMapping[str, str]) -> Inheritance | None:
    """What the program before has left, if there was one. ValueError when it was of another kind."""
    named = environ.pop(VARIABLE, None)
    if named is None:
        return None
    with open(int(named), "rb") as file:
        file.seek(0)
        values = json.load(file)
    if values.get("form") != FORM:
        raise ValueError("the daemon before was another version: stop it, and start this one")
    found = Inheritance(**values)
    for fd in found.descriptors:
        os.set_inheritable(fd, False)
    return found


def members_of(found: Inheritance, log: Log) -> list[Crew]:
    """The processes of the program before, routers apart."""
    workers: list[WorkerHandle] = []
    routers: list[WorkerHandle] = []
    for member in found.members:
        control, channel = (
            socket.socket(fileno=member[name]) if member[name] is not None else None for name in ("control", "channel")
        )
        handle = WorkerHandle(member["pid"], member["started"], control, channel, ready=True, asked=member["asked"])
        (routers if member["router"] else workers).append(handle)
    return [Predecessors(workers, log), FormerRouter(routers, log)]


def inherit(
    *, started: float, upgrades: int, generation: int, on_demand: list[str], listeners: Listeners, queues: Queues,
    mutexes: Mutexes, console: tuple[str, int] | None, crews: Iterable[Crew],
) -> Inheritance:  # fmt: skip
    """What the next program gets."""
    members: list[dict[str, Any]] = [
        {
            "pid": member.pid, "started": member.started, "asked": member.asked, "router": isinstance(crew, RouterCrew),
            "control": _number(member.control), "channel": _number(member.channel),
        }
        for crew in crews for member in crew.members.values()
    ]  # fmt: skip
    open_queues, hand_backs = queues.descriptors()
    found = Inheritance(
        started, upgrades, generation, on_demand, listeners.descriptors(), open_queues, hand_backs, mutexes.pass_on(),
        list(console) if console is not None else None, members,
    )  # fmt: skip
    found.descriptors = [
        *(line[2] for line in found.listeners),
        *(fd for ends in open_queues.values() for fd in ends),
        *hand_backs,
        *mutexes.fds,
        *([console[1]] if console is not None else []),
        *(member[name] for member in members for name in ("control", "channel") if member[name] is not None),
    ]
    return found


def hold_signals() -> set[int]:
    """A signal that comes while the new program starts would end it: it waits until that takes signals as commands.

    What was held before, for `let_signals`.
    """
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS))


def let_signals(held: set[int]) -> None:
    """There will be no new program."""
    signal.pthread_sigmask(signal.SIG_SETMASK, held)


def execute(programs: Programs, found: Inheritance) -> None:
    """Become the new program; signals are held. Returns only by an OSError."""
    file = os.memfd_create("mpfcgi-upgrade", 0)
    given = [*found.descriptors, file]
    os.write(file, json.dumps(vars(found)).encode())
    for fd in given:
        os.set_inheritable(fd, True)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(programs.run[0], programs.run, {**os.environ, VARIABLE: str(file)})
    except OSError:
        for fd in given:
            os.set_inheritable(fd, False)
        os.close(file)
        raise


def _number(line: socket.socket | None) -> int | None:
    return None if line is None else line.fileno()
