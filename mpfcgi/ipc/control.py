"""The supervisor's line to one worker: a socket pair, with commands of one byte.

A worker watches its end beside its listeners, so a command is seen between requests and interrupts none. The end of
file on it means that the supervisor is gone.
"""

from __future__ import annotations

import os
import signal
import socket

# Supervisor to worker.
QUIT = b"Q"
# Its time for leaving is over: the SIGTERM that follows is to end it.
END = b"E"
REOPEN = b"L"
# To the router: ask again for the queues of the pools; and its answer, that it has given up those it had.
FORGET = b"F"
# Signals to a worker: the end of a handler's time, from its own watchdog; a traceback, without the interpreter's help.
INTERRUPT = signal.SIGUSR2
DUMP = signal.SIGRTMIN
# The same for `mpfcgi stack`, from the supervisor.
STACK = signal.SIGRTMIN + 1
# Exit code of a worker whose handler did not end.
GAVE_UP = 75  # EX_TEMPFAIL of sysexits.h
# Exit code of a worker that was to prove itself and can't import its handlers' modules; its slot says why.
UNFIT = 65  # EX_DATAERR
# Worker to supervisor: it is there; a request takes longer than a moment; it should be replaced.
READY = b"R"
HELD = b"H"
WORN = b"W"


def control_pair() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end and the worker's end, both non-blocking."""
    parent, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    parent.setblocking(False)
    child.setblocking(False)
    return parent, child


def tell(control: socket.socket, command: bytes) -> bool:
    """Send a command; False when the other side is gone."""
    try:
        control.send(command)
    except OSError:
        return False
    return True


def hear(line: socket.socket, size: int = 64) -> bytes | None:
    """What has come, at most `size` bytes; None when nothing has, and b"" when the other side is gone."""
    try:
        return line.recv(size)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def heed_sigterm(line: socket.socket) -> None:
    """Have SIGTERM ask the supervisor at the other end of `line` for a process in the place of this one.

    Service managers, and `kill` with the number of a group, send it to all processes at once: then it is the supervisor
    that says when to leave, so that no request is cut off, be it quicker with that than the signal or not. Whoever is to
    leave is ended by a second one, by that of the supervisor, and if that is lost.
    """
    signal.signal(signal.SIGTERM, _Heed(line))


def leave() -> None:
    """This process does as it was told with QUIT: its SIGTERM is no wish to leave any more."""
    handler = signal.getsignal(signal.SIGTERM)
    if isinstance(handler, _Heed):
        handler.leaves = True


def die_by_sigterm() -> None:
    """Let SIGTERM end this process again, where it does what `heed_sigterm` says and not what user code has made of it."""
    if isinstance(signal.getsignal(signal.SIGTERM), _Heed):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Heed:
    """A handler of signals. It may interrupt anything, such as what is just being said on the line: it says and looks at
    single bytes only, and raises nothing."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._heard = False
        self.leaves = False

    def __call__(self, number: int, frame: object) -> None:
        first, self._heard = not self._heard, True
        if not self._may_go_on(first):
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _may_go_on(self, first: bool) -> bool:
        said = self._said()
        if said is None or END in said:
            return False
        if self.leaves or QUIT in said:
            return first
        return tell(self._line, WORN)

    def _said(self) -> bytes | None:
        """What waits on the line, where it stays: a handler may run, which sees nothing of it. None when it is lost."""
        try:
            return self._line.recv(4096, socket.MSG_PEEK | socket.MSG_DONTWAIT) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None
