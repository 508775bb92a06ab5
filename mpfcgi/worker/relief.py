"""Work that moves: a worker's connections go to its siblings when it has no time for them, or leaves.

No request shall wait behind a slow one while a worker is free. A handler that has run for more than a few milliseconds
holds its worker: the watchdog's thread then gives the other connections away (`give`), those that say nothing as well
as those whose request is unread, or read in part. The main thread, when the handler has returned in the meantime, waits
until that is over before it looks at any connection again (`giving`, `wait`). A worker that is to leave gives away what
says nothing (`part_with_idle`), as long as there is room for it in the pool's queue.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Collection
from time import monotonic
from typing import TYPE_CHECKING

from mpfcgi.ipc import handoff
from mpfcgi.worker.moving import early_bytes

if TYPE_CHECKING:
    from mpfcgi.ipc.setup import WorkerSetup
    from mpfcgi.worker.channel import Channel
    from mpfcgi.worker.exchange import Exchange

# Seconds after which a handler holds the requests that wait for its worker, and the connections that say nothing yet. (The
# second is longer, for handlers that take some milliseconds are many, and each move has its price.)
HOLDS_REQUESTS, HOLDS_ALL = 0.002, 0.01
# Seconds for which a worker that leaves looks for room for its connections: perhaps nobody reads the queue any more.
NO_ROOM = 5.0


class Relief:
    """The ways out of one worker for its `channels`. `current` tells the exchange whose handler runs now."""

    def __init__(
        self, setup: WorkerSetup, channels: Collection[Channel], current: Callable[[], Exchange | None]
    ) -> None:
        self._channels, self._current = channels, current
        self._queue = setup.siblings
        self._slot, self._scoreboard = setup.slot, setup.scoreboard
        # A router takes all; it knows who is free, and has more workers started.
        self._router = setup.siblings is setup.router
        self._lock = threading.Lock()
        self._until = 0.0
        self.giving = False

    # -- in the watchdog's thread

    @property
    def may_help(self) -> bool:
        """Whether there is a connection that could go elsewhere."""
        return len(self._channels) > 1 and self._queue is not None

    def age(self) -> float:
        """How long the request that runs has been running, in seconds."""
        return monotonic() - self._slot.since

    def look(self, exchange: Exchange) -> None:
        """The handler of `exchange` runs: give connections away if it holds the worker, and somebody can take them."""
        age = self.age()
        # The way through a router is longer, and may start a process.
        if age >= (HOLDS_ALL if self._router else HOLDS_REQUESTS) and self.may_help and self._is_wanted():
            self.give(exchange, None if age >= HOLDS_ALL else self._that_wait())

    def _that_wait(self) -> set[int]:
        """The descriptors of the connections that have bytes to be read."""
        poll = select.poll()
        for channel in list(self._channels):
            # The main thread may close it right now.
            if (fd := channel.fd) >= 0:
                poll.register(fd, select.POLLIN)
        return {fd for fd, _ in poll.poll(0)}

    def give(self, exchange: Exchange, which: Collection[int] | None = None) -> None:
        """Give away the connections that can go, all or those of the descriptors `which`, while `exchange` is served.

        Its own connection stays.
        """
        if self._queue is None:
            return
        with self._lock:
            # Each side says first what it does and looks then at the other: the main thread waits, or we see that the
            # handler has returned.
            self.giving = True
            try:
                self._give_away(exchange, which)
            finally:
                self.giving = False

    def _give_away(self, exchange: Exchange, which: Collection[int] | None) -> None:
        for channel in list(self._channels):
            if self._current() is not exchange:
                return
            if channel is exchange.channel or (which is not None and channel.fd not in which):
                continue
            early = early_bytes(channel)
            if early is not None and not self._hand_over(channel, early):
                return

    def _is_wanted(self) -> bool:
        return self._router or (self._scoreboard is not None and self._scoreboard.has_free_sibling(self._slot))

    # -- in the main thread

    def wait(self) -> None:
        """Until no connection is being given away. To be called when `giving`, after the handler's end is to be seen."""
        with self._lock:
            pass

    def part_with_idle(self) -> None:
        """Give away the connections that say nothing. Those that find no room are served here until some is there."""
        now = monotonic()
        self._until = self._until or now + NO_ROOM
        for channel in [channel for channel in self._channels if channel.idle]:
            if self._queue is not None and self._hand_over(channel, b""):
                continue
            if self._queue is not None and now < self._until:
                return
            channel.close()

    def _hand_over(self, channel: Channel, early: bytes) -> bool:
        """False when the queue has no room. What is given away is no longer watched here, nor open."""
        assert self._queue is not None
        if not handoff.send(self._queue, channel.sock, early):
            return False
        channel.release().close()
        if channel.upload is not None:
            channel.upload.close()
        return True
