"""Signals as commands: a signal's number arrives as a byte on a descriptor that the loop watches.

What a signal asks for is done between two turns of the loop, never inside another step (signal(7), the self-pipe).
"""

from __future__ import annotations

import signal
import socket
from enum import Enum, auto


class Command(Enum):
    """What the supervisor can be told."""

    STOP = auto()
    RELOAD = auto()
    REOPEN = auto()
    UPGRADE = auto()
    REAP = auto()


SIGNALS = {
    signal.SIGTERM: Command.STOP,
    signal.SIGINT: Command.STOP,
    signal.SIGHUP: Command.RELOAD,
    signal.SIGUSR1: Command.REOPEN,
    signal.SIGUSR2: Command.UPGRADE,
    signal.SIGCHLD: Command.REAP,
}


class Commands:
    """The signals of this process, from construction to `close`. To be used in the main thread."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._old_wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, _noted) for number in SIGNALS}
        # An upgrade has held them back until now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def fileno(self) -> int:
        return self._read.fileno()

    def take(self) -> list[Command]:
        """The commands since the last call, in order."""
        try:
            numbers = self._read.recv(4096)
        except BlockingIOError:
            return []
        return [SIGNALS[signal.Signals(number)] for number in numbers if number in SIGNALS]

    def close(self) -> None:
        """Put back what was there before."""
        signal.set_wakeup_fd(self._old_wakeup)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()


def _noted(number: int, frame: object) -> None:
    """Nothing: the byte on the wake-up descriptor says it."""
