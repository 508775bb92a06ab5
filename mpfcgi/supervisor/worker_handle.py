"""The supervisor's view of one child: a worker, the router, or a process beside them."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass

from mpfcgi.ipc import control
from mpfcgi.ipc.scoreboard import Slot
from mpfcgi.supervisor.staffing import Member


@dataclass(eq=False)
class WorkerHandle:
    """A running child.

    `control` is the supervisor's end of its line, None for a child that knows signals only; `channel` the router's
    questions; `started` and `asked` (when it was told to leave) are seconds of the monotonic clock.
    """

    pid: int
    started: float
    control: socket.socket | None = None
    channel: socket.socket | None = None
    slot: Slot | None = None
    ready: bool = False
    asked: float | None = None
    signals: int = 0

    def member(self) -> Member:
        """What the staffing plan needs to know of it."""
        return Member(self.pid, self.started, self.asked, self.signals)

    def retire(self, now: float) -> None:
        """Ask it to finish and leave."""
        self.asked = now
        if self.control is not None:
            control.tell(self.control, control.QUIT)
        else:
            self._signal(signal.SIGTERM)

    def kill(self, number: int) -> None:
        """Send a signal that it can't put off."""
        self.signals += 1
        self._signal(number)

    def reopen_logs(self) -> None:
        if self.control is not None:
            control.tell(self.control, control.REOPEN)

    def read_control(self) -> bool:
        """Take what it says; True when it has just become ready."""
        assert self.control is not None
        try:
            said = self.control.recv(64)
        except BlockingIOError:
            return False
        except OSError:
            said = b""
        if not said:
            self.control.close()
            self.control = None
        if control.READY not in said or self.ready:
            return False
        self.ready = True
        return True

    def release(self) -> None:
        """It has ended: close our ends, free its slot."""
        for end in (self.control, self.channel):
            if end is not None:
                end.close()
        self.control = self.channel = None
        if self.slot is not None:
            self.slot.release()

    def _signal(self, number: int) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass
