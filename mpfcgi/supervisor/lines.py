"""What the supervisor listens to: its children's control lines, the routers' questions, and doors at which requests wait.

The set of descriptors is kept between two turns: with a thousand pools, only those that something happened to are
looked at. (A poll object and not an epoll: that would go on reporting a descriptor which a child has a copy of.)
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Sequence
from typing import Optional, Protocol

from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.worker_handle import WorkerHandle


class HasFileno(Protocol):
    """A socket, or what has one."""

    def fileno(self) -> int: ...


Line = tuple[Crew, Optional[WorkerHandle], socket.socket]


class Lines:
    """The lines of all crews."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._lines: dict[int, Line] = {}
        self._of: dict[Crew, set[int]] = {}

    def watch(self, crew: Crew, now: float) -> None:
        """Listen to what `crew` has now, and to nothing else of it."""
        self.drop(crew)
        lines: list[Line] = [
            (crew, member, line)
            for member in crew.members.values()
            for line in (member.control, member.channel)
            if line is not None
        ]
        lines += [(crew, None, door) for door in crew.doors(now)]
        for line in lines:
            fd = line[2].fileno()
            self._poll.register(fd, select.POLLIN)
            self._lines[fd] = line
        self._of[crew] = {line[2].fileno() for line in lines}

    def drop(self, crew: Crew) -> None:
        """Listen to `crew` no more."""
        for fd in self._of.pop(crew, ()):
            # An old and a new generation may watch the same door: the last one that came has it.
            if fd in self._lines and self._lines[fd][0] is crew:
                del self._lines[fd]
                self._poll.unregister(fd)

    def wait(self, timeout: float | None, others: Sequence[HasFileno]) -> Iterator[Line]:
        """Wait for `timeout` milliseconds at most, None for ever; the lines on which something is said.

        What comes on `others` ends the waiting only.
        """
        for other in others:
            self._poll.register(other.fileno(), select.POLLIN)
        try:
            ready = self._poll.poll(timeout)
        finally:
            for other in others:
                self._poll.unregister(other.fileno())
        for fd, _ in ready:
            if fd in self._lines:
                yield self._lines[fd]
