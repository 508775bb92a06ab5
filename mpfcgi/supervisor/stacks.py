"""`mpfcgi stack`: what a worker's threads do right now, written by faulthandler at a signal.

That needs neither the worker's loop nor the interpreter's lock, so that it also tells where a handler hangs that computes
for ever, sleeps, or waits in C. The text goes into a file in memory that all workers have; one at a time is asked.
"""

from __future__ import annotations

import faulthandler
import fcntl
import os
from collections.abc import Callable
from typing import Any

from mpfcgi.ipc import control
from mpfcgi.ipc.scoreboard import Scoreboard

# Seconds between two looks whether the text is complete, and for it to be there. Nothing says that it is but that it
# grows no more: a busy machine may keep its writer waiting.
LOOK, PATIENCE = 0.05, 3.0
# Seconds after which it is asked a second time: faulthandler drops a question that comes while it answers another.
AGAIN = 1.0


def install(scoreboard: Scoreboard) -> int:
    """Have the workers on a scoreboard answer, those that are forked from now on; the descriptor of the file.

    This process answers too. A worker that is only just forked must not be killed by the question.
    """
    fd = scoreboard.stacks = os.memfd_create("mpfcgi-stacks")
    # All write with one offset; what is written after the file was cut begins at its start again.
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)
    answer(fd)
    return fd


def answer(fd: int) -> None:
    """Let this process write what it does right now into the file, whenever it is asked by the signal."""
    faulthandler.register(control.STACK, file=fd, all_threads=True)


class Stacks:
    """The questions in their order. `now` is the monotonic clock's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._questions: list[tuple[int, Callable[..., Any]]] = []
        self._asked: float | None = None
        self._asked_again = False
        self._size = 0
        self.next_look: float | None = None

    def ask(self, pid: int, answer: Callable[..., Any], now: float) -> None:
        """Get the stack of the child `pid`, and call `answer` with stack=TEXT or error=SENTENCE."""
        self._questions.append((pid, answer))
        if len(self._questions) == 1:
            self._begin(now)

    def act(self, now: float) -> None:
        """See whether the text is there."""
        if self._asked is None or self.next_look is None or now < self.next_look:
            return
        pid, answer = self._questions[0]
        size = os.fstat(self._fd).st_size
        if size and size == self._size and os.pread(self._fd, 1, size - 1) == b"\n":
            text = os.pread(self._fd, size, 0).decode("utf-8", "replace")
            # Workers of other users have the file too: it is there no longer than it must.
            os.ftruncate(self._fd, 0)
            answer(pid=pid, stack=text)
        elif now - self._asked > PATIENCE:
            answer(error=f"process {pid} does not react: it waits in the kernel (see /proc/{pid}/stack), or is stopped")
        else:
            if not size and not self._asked_again and now - self._asked > AGAIN:
                self._asked_again = True
                self._signal(pid, now)
            self._size, self.next_look = size, now + LOOK
            return
        self._questions.pop(0)
        self._asked = self.next_look = None
        if self._questions:
            self._begin(now)

    def _begin(self, now: float) -> None:
        pid = self._questions[0][0]
        os.ftruncate(self._fd, 0)
        self._asked, self._asked_again, self._size, self.next_look = now, False, 0, now + LOOK
        self._signal(pid, now)

    def _signal(self, pid: int, now: float) -> None:
        try:
            os.kill(pid, control.STACK)
        except ProcessLookupError:
            self._asked = now - PATIENCE
