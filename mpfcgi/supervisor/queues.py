"""The handoff queues of the pools, and the one of the router: they outlive reloads, with what waits in them.

A reload may take away the last reader of a queue: a pool that has another name now, or a router that is no longer
needed. What was put in there, and what leaving workers still put there, is moved on to who serves now.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Collection, Iterable, Mapping, Sequence

from mpfcgi.ipc import handoff

Queue = tuple[socket.socket, socket.socket]


class Queues:
    """The queues by the interpreter's name, each as its (send, receive) ends; made when first asked for."""

    def __init__(self, queues: Mapping[str, Sequence[int]] | None = None, hand_backs: Sequence[int] = ()) -> None:
        self._queues: dict[str, Queue] = {name: _opened(ends) for name, ends in (queues or {}).items()}
        # Connections for the router: those that a worker gives back, and those that a leaving router has.
        self.hand_backs: Queue = _opened(hand_backs) if hand_backs else handoff.queue_pair()

    def descriptors(self) -> tuple[dict[str, list[int]], list[int]]:
        """The numbers of which the next program makes them again: the queues by name, and the router's."""
        named = {name: [end.fileno() for end in ends] for name, ends in self._queues.items()}
        return named, [end.fileno() for end in self.hand_backs]

    def of(self, name: str) -> Queue:
        """The queue of an interpreter."""
        if name not in self._queues:
            self._queues[name] = handoff.queue_pair()
        return self._queues[name]

    def waits(self, names: Iterable[str]) -> bool:
        """Whether one of these queues holds a connection."""
        return any(ready(self.of(name)[1]) for name in names)

    def strays(self, read: Collection[str], routed: bool) -> list[socket.socket]:
        """The receiving ends that nobody reads, when the pools `read` are there, and a router if `routed`."""
        ends = [receive for name, (_, receive) in self._queues.items() if name not in read]
        return ends if routed else [*ends, self.hand_backs[1]]

    def forget(self, read: Collection[str]) -> None:
        """Close the queues that nobody reads. For when nobody writes to them any more, either."""
        for name in [name for name in self._queues if name not in read]:
            for end in self._queues.pop(name):
                end.close()


def _opened(ends: Sequence[int]) -> Queue:
    send_end, receive_end = (socket.socket(fileno=end) for end in ends)
    return send_end, receive_end


def move(source: socket.socket, target: socket.socket) -> bool:
    """Move connections, in order, from one queue to another; True when some must wait, for the other is full."""
    # A connection that was taken can't be put back: room is looked for first. A writable socket has three quarters of
    # its buffer free (unix_writable() of Linux), so the largest message fits.
    while ready(source):
        if not ready(target, select.POLLOUT):
            return True
        try:
            handed = handoff.receive(source)
        except OSError:
            # No file could be opened for it, and it is lost: the others are moved all the same.
            continue
        if handed is None:
            return False
        connection, early = handed
        handoff.send(target, connection, early)
        connection.close()
    return False


def ready(end: socket.socket, event: int = select.POLLIN) -> bool:
    """Whether `end` can be read from, or written to, now."""
    poll = select.poll()
    poll.register(end, event)
    return bool(poll.poll(0))
