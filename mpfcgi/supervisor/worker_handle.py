"""The supervisor's view of one child: a worker, the router, or a process beside them."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from time import monotonic

from mpfcgi.ipc import control
from mpfcgi.ipc.scoreboard import BUSY, Slot
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
    # It is to be replaced, or will be at the time `expires`.
    worn: bool = False
    expires: float | None = None
    # FORGETs that the router has not answered.
    owed: int = 0
    active: float | None = None
    # When its line has ended, until it is killed for that.
    _deaf: float | None = None
    # The beginning of the request at which it was asked for a traceback, and when that was.
    _dumped: tuple[float, float] | None = None
    _destroyed: bool = False
    _requests: int = 0

    def member(self, now: float) -> Member:
        """What the staffing plan needs to know of it."""
        slot = self.slot
        busy = slot is not None and slot.state == BUSY
        if slot is not None and (busy or slot.requests != self._requests):
            self._requests = slot.requests
            # Of several that were busy since the last look, it matters which was the last.
            self.active = now if busy else min(now, max(self.active or 0.0, slot.since))
        self.worn = self.worn or (self.expires is not None and now >= self.expires)
        since = slot.since if slot is not None and busy and not self._destroyed else None
        dumped = self._dumped[1] if self._dumped is not None and self._dumped[0] == since else None
        return Member(
            self.pid, self.started, self.asked, self.signals, self.ready, busy, self.active, self.worn, self.expires,
            since, dumped, self._deaf,
        )  # fmt: skip

    def dump(self, now: float) -> None:
        """Let it write its traceback."""
        assert self.slot is not None
        self._dumped = (self.slot.since, now)
        self._signal(control.DUMP)

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
        if number == signal.SIGTERM and self.control is not None:
            control.tell(self.control, control.END)
        self._signal(number)

    def destroy(self) -> None:
        """End it at once."""
        self._destroyed, self._deaf = True, None
        self._signal(signal.SIGKILL)

    def reopen_logs(self) -> None:
        if self.control is not None:
            control.tell(self.control, control.REOPEN)

    def forget(self) -> None:
        """Tell the router that pools have ended."""
        if self.control is not None and control.tell(self.control, control.FORGET):
            self.owed += 1

    def read_control(self) -> None:
        """Take what it says."""
        assert self.control is not None
        said = control.hear(self.control)
        if said is None:
            return
        if not said:
            self.control.close()
            self.control = None
            self._deaf = monotonic()
        self.ready = self.ready or control.READY in said
        self.worn = self.worn or control.WORN in said
        self.owed -= said.count(control.FORGET)

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
