"""A pool as the router sees it: its queue, how many requests wait in it, and since when.

Workers take from the queue without telling. What waits is seen by looking at the first message without taking it: messages
carry a number, and the time at which their request was there. Others write to the queue, too: workers that give connections
away, and during a reload two routers; what is theirs is told by its number, which has the router's process in it.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterator
from time import monotonic

from mpfcgi.fastcgi import Limits, ServerConnection
from mpfcgi.ipc import handoff

VALUES = {"FCGI_MAX_CONNS": "1000000", "FCGI_MAX_REQS": "1000000", "FCGI_MPXS_CONNS": "0"}
# The process is in a message's number above these bits, and below it counts.
_COUNT_BITS = 40
# Seconds that a request's head may take.
HEAD_TIME = 60.0


class Arrival:
    """A connection whose request is not known yet, or is `refused`; `raw` is all that was read of it.

    `arrived` is when its request was known.
    """

    __slots__ = ("arrived", "deadline", "raw", "refused", "sock", "wire")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.raw = b""
        self.refused = False
        self.wire = ServerConnection(limits=Limits(params_bytes=handoff.MAX_EARLY), values=VALUES)
        self.arrived = 0.0
        self.begin()

    def begin(self) -> None:
        """A request's head has begun: it has its time from now on, however long the connection was silent before."""
        self.deadline = monotonic() + HEAD_TIME

    def age(self, now: float) -> float:
        """Seconds since it came, or since its request began, or since it is to be closed."""
        return now - (self.deadline - HEAD_TIME)

    @property
    def silent(self) -> bool:
        """Nobody waits for it: it has said nothing, or nothing since its last request."""
        return not (self.raw or self.refused)


class Destination:
    """The pool `name` with the ends of its queue; `bound` requests may wait, each for `patience` seconds (0: for ever)."""

    def __init__(self, name: str, send: socket.socket, receive: socket.socket, bound: int, patience: float) -> None:
        self.name, self.bound, self.patience = name, bound, patience
        # What finds no room in the queue's own memory.
        self.pending: deque[Arrival] = deque()
        self._send, self._receive = send, receive
        # When each message was sent that may still be there; all in all, so many were sent.
        self._there: deque[float] = deque()
        self._sent = 0
        self._process = os.getpid() << _COUNT_BITS

    def close(self) -> None:
        """Close our ends of the queue; what waits in it stays."""
        self._send.close()
        self._receive.close()

    def is_full(self) -> bool:
        """Whether as many wait as may."""
        if len(self._there) + len(self.pending) < self.bound:
            return False
        self._look()
        return len(self._there) + len(self.pending) >= self.bound

    def holds(self) -> bool:
        """Whether a request waits."""
        self._look()
        return bool(self.pending or self._there)

    def pass_on(self, arrival: Arrival) -> bool:
        """Put a request into the queue, unless others wait for room in it; whether it is there."""
        return not self.pending and self._put(arrival.sock, arrival.raw, arrival.arrived)

    def retry(self) -> Iterator[Arrival]:
        """Put what waited for room into the queue; the connections that are there now."""
        while self.pending and self._put((first := self.pending[0]).sock, first.raw, first.arrived):
            yield self.pending.popleft()

    def late(self, now: float) -> Iterator[Arrival]:
        """Take out the requests that have waited for too long."""
        if not self.patience:
            return
        while (mark := handoff.peek(self._receive)) is not None and mark.arrived + self.patience <= now:
            handed = handoff.take(self._receive)
            if handed is None:
                break
            sock, early, mark = handed
            if early and mark.arrived + self.patience <= now:
                yield _arrival(sock, early)
            elif not self._put(sock, early, mark.arrived if early else now):
                # A worker was faster, or nobody waits for an answer on it; and there is no way back.
                yield _arrival(sock, early)
            else:
                sock.close()
        while self.pending and self.pending[0].arrived + self.patience <= now:
            yield self.pending.popleft()

    def _put(self, sock: socket.socket, early: bytes, arrived: float) -> bool:
        if not handoff.send(self._send, sock, early, handoff.Mark(arrived, self._process | self._sent + 1)):
            return False
        self._sent += 1
        self._there.append(monotonic())
        return True

    def _look(self) -> None:
        there, mark = self._there, handoff.peek(self._receive)
        if mark is None:
            there.clear()
        elif mark.number & -1 << _COUNT_BITS == self._process:
            left = self._sent - (mark.number - self._process) + 1
            while len(there) > left:
                there.popleft()
        else:
            # What was sent before this was, is taken.
            while there and there[0] < mark.arrived:
                there.popleft()


def _arrival(sock: socket.socket, raw: bytes) -> Arrival:
    arrival = Arrival(sock)
    arrival.raw = raw
    arrival.wire.receive_data(raw)
    while arrival.wire.next_event() is not None:
        pass
    return arrival
