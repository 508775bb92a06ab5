"""A thread that looks at the handler while it runs, every few milliseconds.

It sends what a handler wrote and then left lying (see `exchange`), and writes into the scoreboard what request it is
that takes longer than a moment. It costs an idle worker nothing: when two looks
in a row find no new request it sleeps until the next one wakes it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from mpfcgi.ipc.scoreboard import Slot

if TYPE_CHECKING:
    from mpfcgi.worker.exchange import Exchange

# Seconds between two looks; written output is sent after one to two of them.
INTERVAL = 0.005


class Watchdog:
    """Watches the exchange in `current`. The worker sets it when a handler starts and ends."""

    def __init__(self, slot: Slot) -> None:
        self.current: Exchange | None = None
        self.asleep = False
        self._slot = slot
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="mpfcgi-watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """A handler starts, and `asleep` was true."""
        self.asleep = False
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        seen: Exchange | None = None
        described: Exchange | None = None
        while not self._stopping:
            current = self.current
            if current is None and seen is None:
                self._sleep()
            elif current is not None and current is seen:
                if current is not described:
                    described = current
                    self._slot.describe(_line(current))
                current.flush_late()
            seen = current
            time.sleep(INTERVAL)

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
