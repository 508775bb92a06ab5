"""Requests that take too long: SlowLog, RequestTimeout and InterruptTimeout; and those that nobody waits for: InterruptAborted.

The watchdog's thread looks at the handler that runs; a request pays nothing for it. After SlowLog's time its traceback is
written. After RequestTimeout the handler gets an exception that it can clean up on, even out of a sleep or a read that
waits: a signal ends the system call, and its Python side raises. When the handler is still there after InterruptTimeout,
the client is answered 504 and the process ends. A handler that holds the interpreter lock in C stops this thread too: the
supervisor sees the request's age, asks for a traceback by a signal that needs no lock (faulthandler), and kills.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from itertools import dropwhile
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.api.errors import ClientGone, Interrupted, RequestTimeout
from mpfcgi.ipc import control
from mpfcgi.worker.failures import Failures
from mpfcgi.worker.filters import Filters
from mpfcgi.worker.handlers import Handler, call, run

if TYPE_CHECKING:
    from mpfcgi.config import PoolSettings
    from mpfcgi.worker.exchange import Exchange
    from mpfcgi.worker.services import WorkerServices

GATEWAY_TIMEOUT = (
    b"Status: 504 Gateway Timeout\r\nContent-Type: text/plain\r\n\r\nThe request took too long and was ended.\n"
)
# Milliseconds that the front-end gets to take the answer.
TAKE_IT = 1000
# Where our code calls a user's, and catches what that raises.
BOUNDARIES: frozenset[CodeType] = frozenset(
    function.__code__ for function in (run, call, Handler.find, Filters.run, Failures.run_cleanups)
)
# Our code that an exception may end at any place; elsewhere it would leave a connection half-way.
INTERRUPTIBLE = ("mpfcgi.api.", "mpfcgi.ipc.")


class Overtime:
    """The time limits of one worker. `abandon` saves what other connections it can when the process is to end at once."""

    def __init__(
        self, pool: PoolSettings, name: str, services: WorkerServices, tell: Callable[[], object],
        started: Callable[[], float], abandon: Callable[[Exchange], None],
    ) -> None:  # fmt: skip
        self._pool, self._name, self._services = pool, name, services
        self._tell, self._started, self._abandon = tell, started, abandon
        self._slow_log = services.log_files.open(pool.slow_log.file) if pool.slow_log is not None else None
        self._exchange: Exchange | None = None
        self._steps: list[tuple[float, Callable[[Exchange], bool]]] = []
        self._main = threading.main_thread().ident or 0
        # The request that the main thread is to be interrupted in.
        self._target: Exchange | None = None
        # With what, and by when it must have ended (its age in seconds).
        self._error: Interrupted | None = None
        self._deadline = 0.0

    def install(self) -> None:
        """Take the signals. To be called in the main thread."""
        signal.signal(control.INTERRUPT, self._interrupted)
        self.reopened()

    def reopened(self) -> None:
        """The log files are open anew."""
        file = self._slow_log or self._services.main_log
        faulthandler.register(control.DUMP, file=file.fileno(), all_threads=True)

    def look(self, exchange: Exchange) -> None:
        """The handler of `exchange` runs: do what is due."""
        if exchange is not self._exchange:
            self._exchange, self._target, self._error = exchange, None, None
            self._steps = self._plan()
        # The time that the scoreboard has, and the supervisor with it.
        age = time.monotonic() - self._started()
        if self._pool.interrupt_aborted and self._error is None and exchange.aborted:
            self._interrupt(
                exchange, ClientGone("the client has gone (InterruptAborted)"), "is interrupted (InterruptAborted)"
            )
        while self._steps and age >= self._steps[0][0] and self._steps[0][1](exchange):
            self._steps.pop(0)

    def over(self) -> None:
        """No request runs."""
        self._exchange = self._target = None

    def _plan(self) -> list[tuple[float, Callable[[Exchange], bool]]]:
        """What is due when, in order; a step that says False is tried again at the next look."""
        pool = self._pool
        steps: list[tuple[float, Callable[[Exchange], bool]]] = []
        if pool.slow_log is not None:
            steps.append((pool.slow_log.time, self._write_slow))
        if pool.request_timeout:
            steps.append((pool.request_timeout, self._time_out))
        return sorted(steps, key=lambda step: step[0])

    # -- the steps

    def _write_slow(self, exchange: Exchange) -> bool:
        self._write(exchange, "still runs")
        return True

    def _time_out(self, exchange: Exchange) -> bool:
        if self._error is None:
            error = RequestTimeout(f"the request has run for {self._age():.1f} s (RequestTimeout)")
            self._interrupt(exchange, error, "is interrupted (RequestTimeout)")
            # These steps are others now.
            return False
        return True

    def _interrupt(self, exchange: Exchange, error: Interrupted, what: str) -> None:
        self._write(exchange, what)
        self._target, self._error = exchange, error
        self._deadline = self._age() + self._pool.interrupt_timeout
        # Whatever state the handler leaves behind: another worker takes over.
        self._tell()
        slow = [step for step in self._steps if step[1] == self._write_slow]
        self._steps = [(0.0, self._knock), *slow, (self._deadline, self._give_up)]

    def _knock(self, exchange: Exchange) -> bool:
        """Interrupt the main thread; again at each look, until it was at a place where that does no harm."""
        if self._target is not exchange:
            return True
        if self._age() >= self._deadline:
            return True
        signal.pthread_kill(self._main, control.INTERRUPT)
        return False

    def _give_up(self, exchange: Exchange) -> bool:
        self._write(exchange, "does not end (InterruptTimeout)")
        self._services.log(
            APLOG_ERR,
            f"{line_of(exchange)} ran for {self._age():.1f} s and did not end when it was interrupted: "
            f"answered with 504, worker {os.getpid()} is replaced",
        )
        _answer(exchange)
        self._abandon(exchange)
        os._exit(control.GAVE_UP)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        """In the main thread, at any place in it."""
        if self._target is None or self._error is None or frame is None or not may_interrupt(frame):
            return
        self._target = None
        raise self._error

    # -- the log

    def _age(self) -> float:
        return time.monotonic() - self._started()

    def _write(self, exchange: Exchange, what: str) -> None:
        if self._slow_log is None:
            return
        frame = sys._current_frames().get(self._main)
        head = (
            f"[{time.strftime('%a %b %d %H:%M:%S %Y')}] [pool {self._name}] [pid {os.getpid()}] "
            f"{line_of(exchange)} {what} after {self._age():.1f} s\n"
        )
        self._slow_log.write((head + stack_of(frame) + "\n").encode("utf-8", "backslashreplace"))


def line_of(exchange: Exchange) -> str:
    """The request in words, for logs."""
    get = exchange.params.get
    return f"{get('REQUEST_METHOD', '-')} {get('HTTP_HOST', '')}{get('REQUEST_URI', '')}"


def may_interrupt(frame: FrameType) -> bool:
    """Whether an exception raised in `frame` ends user code, or what waits for it, and is caught where that was called."""
    ours = frame
    while not _is_ours(ours):
        if ours.f_back is None:
            return False
        ours = ours.f_back
    module = ours.f_globals.get("__name__", "")
    if not module.startswith(INTERRUPTIBLE) and (ours is frame or not _calls_users(ours)):
        return False
    return any(caller.f_code in BOUNDARIES for caller, _ in traceback.walk_stack(ours))


def stack_of(frame: FrameType | None) -> str:
    """The traceback of a handler's stack, from where it was called; of all of it where it isn't in a handler."""
    frames = list(traceback.walk_stack(frame))[::-1]
    outside = next((at for at, (one, _) in enumerate(frames) if one.f_code in BOUNDARIES), 0)
    inside = list(dropwhile(lambda item: item[0].f_code in BOUNDARIES, frames[outside:]))
    return "".join(traceback.StackSummary.extract(iter(inside or frames)).format())


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("mpfcgi.")


def _calls_users(frame: FrameType) -> bool:
    return frame.f_code in BOUNDARIES or str(frame.f_globals.get("__name__", "")).startswith("mpfcgi.importer.")


def _answer(exchange: Exchange) -> None:
    """Answer 504 from beside the handler, if nothing was sent yet; otherwise the connection's end says enough."""
    channel = exchange.channel
    if not channel.lock.acquire(timeout=TAKE_IT / 1000):
        return
    try:
        if not (channel.gone or exchange.ended or channel.begun is exchange or channel.outgoing):
            channel.send(channel.wire.stdout_end_request(GATEWAY_TIMEOUT))
            poll = select.poll()
            poll.register(channel.sock, select.POLLOUT)
            while channel.outgoing and poll.poll(TAKE_IT):
                channel.outgoing.send(channel.sock)
        # Should the handler come to an end now, it adds nothing.
        channel.gone = exchange.ended = True
    except OSError:
        pass
    finally:
        channel.lock.release()
