"""Preload: a process that has imported a pool's modules once, and from which its workers are forked.

Their memory is shared then, as long as nobody writes to it, and a worker starts in the time of a fork. A worker's parent
is the supervisor all the same: the template forks twice, and the kernel gives what is orphaned to the supervisor
(PR_SET_CHILD_SUBREAPER of prctl(2)).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import time
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.scoreboard import Scoreboard, Slot
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor import process
from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.staffing import NotNow
from mpfcgi.supervisor.worker_handle import WorkerHandle

if TYPE_CHECKING:
    from mpfcgi.supervisor.pool import WorkerCrew

PR_SET_CHILD_SUBREAPER = 36
# Seconds for the answer to an order.
PATIENCE = 5.0


class TemplateCrew(Crew):
    """The one template of a pool's workers."""

    def __init__(self, pool: WorkerCrew) -> None:
        super().__init__(pool.name, 1, pool.log, f"[pool {pool.title}] template")
        self._pool = pool
        # Which template was found stopped, and since when.
        self._stopped: tuple[int, float] | None = None
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def act(self, now: float) -> None:
        super().act(now)
        if self.is_ready:
            # It may have waited for this.
            self._pool.touched = True

    def reopen_logs(self) -> None:
        """Another one opens the new files."""
        self.touched = True
        for member in self.members.values():
            member.worn = True

    def spawn(self) -> WorkerHandle:
        pool = self._pool
        ours, theirs = control.control_pair()
        channel, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        setup = pool.prepared(theirs, Scoreboard(1).take())
        setup.await_birth = Births(pool.title, setup, orders)
        started = monotonic()
        try:
            pid = process.fork(
                f"pool {pool.title} (template)", lambda: pool.start(setup), [*pool.kept(setup), orders.fileno()]
            )
        except OSError:
            ours.close()
            channel.close()
            raise
        finally:
            theirs.close()
            orders.close()
        channel.settimeout(PATIENCE)
        return WorkerHandle(pid, started, ours, channel)

    def order(self, slot: Slot, max_requests: int, proves: bool, line: socket.socket) -> int:
        """Have a worker forked, with its slot and its end of the control line; its process id. OSError."""
        ready = [member for member in self.members.values() if member.ready and member.asked is None]
        if not ready:
            raise OSError("its template is not ready")
        template = ready[-1]
        assert template.channel is not None
        self._see_that_it_runs(template)
        order = b"%d %d %d" % (slot.index, max_requests, proves)
        try:
            handoff.send_descriptors(template.channel, order, [line.fileno()])
            answer = template.channel.recv(32)
        except socket.timeout:
            # An answer that comes later would be taken for that to the next order.
            self._give_up(template, "")
            raise OSError("its template has not answered") from None
        if not answer.isdigit():
            raise OSError(f"its template can't fork: {answer.decode(errors='replace') or 'it has ended'}")
        return int(answer)

    def _see_that_it_runs(self, template: WorkerHandle) -> None:
        """NotNow where it is known without waiting that there will be no answer: others wait for the supervisor, too."""
        if not process.is_stopped(template.pid):
            self._stopped = None
            return
        why = "it is stopped (SIGSTOP, or a debugger)"
        now = monotonic()
        if self._stopped is None or self._stopped[0] != template.pid:
            self._stopped = template.pid, now
        elif now >= self._stopped[1] + PATIENCE:
            self._give_up(template, f": {why}")
        raise NotNow(f"template {template.pid} can't be asked: {why}")

    def _give_up(self, template: WorkerHandle, why: str) -> None:
        template.destroy()
        self.log.error(f"{self._label} {template.pid} has not answered for {PATIENCE:g} s; it is killed{why}")


class Births:
    """The template's side: waits for orders, and returns in each worker that they bring to life."""

    def __init__(self, title: str, setup: WorkerSetup, orders: socket.socket) -> None:
        self._title, self._setup, self._orders = title, setup, orders
        self._supervisor = os.getpid()

    def __call__(self) -> WorkerSetup | None:
        """The setup of a worker, in its process; None when the template is to leave."""
        line = self._setup.control
        poll = select.poll()
        for sock in (line, self._orders):
            poll.register(sock, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if line.fileno() in ready and self._told_to_leave(line):
                return None
            if self._orders.fileno() in ready and (born := self._obey()) is not None:
                return born

    def _told_to_leave(self, line: socket.socket) -> bool:
        said = control.hear(line)
        return said is not None and (not said or control.QUIT in said)

    def _obey(self) -> WorkerSetup | None:
        order, descriptors = handoff.receive_descriptors(self._orders, 64, 1)
        if not descriptors:
            return None
        theirs = socket.socket(fileno=descriptors[0])
        theirs.setblocking(False)
        index, max_requests, proves = (int(number) for number in order.split())
        try:
            pid = _fork_for(self._supervisor)
        except OSError as error:
            self._orders.send(str(error).encode())
            theirs.close()
            return None
        if pid:
            theirs.close()
            self._orders.send(b"%d" % pid)
            return None
        self._orders.close()
        self._setup.control.close()
        process.entitle(f"pool {self._title}")
        assert self._setup.scoreboard is not None
        slot = self._setup.scoreboard.slots[index]
        slot.occupy(os.getpid(), self._setup.generation, self._title)
        return replace(
            self._setup, control=theirs, slot=slot, max_requests=max_requests, proves=bool(proves), await_birth=None
        )


def _fork_for(supervisor: int) -> int:
    """A child of this process's parent: its process id here, 0 in it. OSError."""
    read, write = os.pipe()
    between = os.fork()
    if between == 0:
        between = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            os.write(write, str(error).encode())
            os._exit(1)
        if pid:
            os.write(write, b"%d" % pid)
            os._exit(0)
        os.close(read)
        os.close(write)
        while os.getppid() == between:
            time.sleep(0.0001)
        process.die_with_parent(supervisor)
        return 0
    os.close(write)
    try:
        said = os.read(read, 256)
    finally:
        os.close(read)
        with contextlib.suppress(ChildProcessError):
            # A module may have said that it waits for no children.
            os.waitpid(between, 0)
    if not said.isdigit():
        raise OSError(said.decode(errors="replace") or "the process between ended")
    return int(said)
