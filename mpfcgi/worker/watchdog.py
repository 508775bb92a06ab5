"""A thread that looks at the handler while it runs, every few milliseconds.

It sends what a handler wrote and then left lying (see `exchange`), writes into the scoreboard what request it is that
takes longer than a moment, and lets others take the connections that wait for the worker meanwhile (see `relief`). It
costs an idle worker nothing: after a while without requests it sleeps until the next one wakes it. Only after a while,
for waking a thread costs as much as a request.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mpfcgi.ipc import control
from mpfcgi.ipc.scoreboard import Slot
from mpfcgi.worker.relief import HOLDS_REQUESTS, Relief

if TYPE_CHECKING:
    from mpfcgi.worker.exchange import Exchange
    from mpfcgi.worker.overtime import Overtime

# Seconds between two looks; written output is sent after one to two of them.
INTERVAL = 0.005
# The same while requests end one after the other: each look takes the interpreter from them for a moment.
BUSY_INTERVAL = 0.015
# So many looks in a row that find nothing new: the worker is idle.
QUIET_LOOKS = 200
# Seconds between a look that has failed and the next.
AFTER_MISTAKE = 1.0


class Watchdog:
    """Watches the exchange in `current`. The worker sets it when a handler starts and ends."""

    def __init__(
        self, slot: Slot, tell: socket.socket | None = None, worn: Callable[[int], bool] | None = None,
        overtime: Overtime | None = None, relief: Relief | None = None,
        failed: Callable[[Exception], None] = lambda error: None,
    ) -> None:  # fmt: skip
        self.current: Exchange | None = None
        # The supervisor's ear, if it wants to know of requests that take longer.
        self._tell = tell
        # Asked after requests whether the worker is to be replaced, with their number, until it is.
        self._worn = worn
        # The limits of a request's time, if there are any.
        self._overtime = overtime
        # Gives the worker's other connections away while a handler holds it.
        self._relief = relief
        # Told of a look that has failed.
        self._failed = failed
        self.asleep = False
        self._slot = slot
        self._seen: Exchange | None = None
        self._described: Exchange | None = None
        self._served = self._quiet = 0
        self._busy = False
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="mpfcgi-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def wake(self) -> None:
        """A handler starts, and `asleep` was true."""
        self.asleep = False
        self._wake.set()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def look(self) -> bool:
        """Look once; False when the worker has been idle for long."""
        current = self.current
        if current is not None and self._relief is not None:
            self._relief.look(current)
        if current is not None and current is self._seen:
            if current is not self._described:
                self._described = current
                self._slot.describe(_line(current))
                if self._tell is not None:
                    control.tell(self._tell, control.HELD)
            current.flush_late()
            if self._overtime is not None:
                self._overtime.look(current)
        served = self._slot.served
        if self._worn is not None and served != self._served and self._worn(served):
            self._worn = None
        idle = current is None and served == self._served
        self._quiet = self._quiet + 1 if idle else 0
        self._busy = served > self._served + 1
        self._seen, self._served = current, served
        return self._quiet < QUIET_LOOKS

    def _run(self) -> None:
        while not self._stopping:
            try:
                if not self.look():
                    self._quiet, self._described = 0, None
                    self._sleep()
                self._pause()
            except Exception as error:
                # Without this thread there would be no time limits, and nobody would know.
                self._failed(error)
                time.sleep(AFTER_MISTAKE)

    def _pause(self) -> None:
        """Until the next look. A request that has just begun is seen to in between, should it hold others."""
        if self._busy:
            time.sleep(BUSY_INTERVAL)
            return
        relief, left = self._relief, INTERVAL
        if self.current is not None and relief is not None and relief.may_help:
            early = HOLDS_REQUESTS - relief.age()
            if 0 < early < INTERVAL:
                time.sleep(early)
                left -= early
                if (current := self.current) is not None:
                    relief.look(current)
        time.sleep(left)

    def _sleep(self) -> None:
        """Until the next request. `asleep` is set first: a request that begins in between is not missed."""
        self._wake.clear()
        self.asleep = True
        if self.current is None and not self._stopping:
            self._wake.wait()
        self.asleep = False


def _line(exchange: Exchange) -> bytes:
    get = exchange.params.get
    return f"{get('REQUEST_METHOD', '-')} {get('HTTP_HOST', '')}{get('REQUEST_URI', '')}".encode("latin-1")
