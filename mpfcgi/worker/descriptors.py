"""The file descriptors of a worker: how many its connections may hold, and one that is kept free for the next.

A connection that is handed over has left its queue when it is received; where there is no descriptor for it, the kernel
closes it (unix(7), SCM_RIGHTS). Handlers that leak files must not cost anybody a request, so one is given up just
before, and taken again after.
"""

from __future__ import annotations

import errno
import os
import resource
import socket

from mpfcgi.ipc import handoff

# Out of descriptors or memory: a connection stays in the backlog, and we look again a little later.
ACCEPT_CAPACITY = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


class Spare:
    """The descriptor that is kept. `gone` says that there was none left for it."""

    def __init__(self) -> None:
        self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._kept: int | None = os.dup(self._null)

    @property
    def gone(self) -> bool:
        return self._kept is None

    def receive(self, queue: socket.socket) -> tuple[socket.socket, bytes] | None:
        """`handoff.receive`, with a descriptor for the connection. OSError when even so there was none."""
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None
        try:
            return handoff.receive(queue)
        finally:
            try:
                self._kept = os.dup(self._null)
            except OSError:
                self._kept = None


def limit() -> int:
    """How many files this process may have open (setrlimit(2))."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 30 if soft == resource.RLIM_INFINITY else soft


def most_connections() -> int:
    """How many connections it may hold, a quarter of its files left to handlers."""
    most = limit()
    return most - max(most // 4, min(most // 2, 64))
