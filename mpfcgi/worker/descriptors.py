"""The file descriptors of a worker: how many its connections may hold, and one that is kept free for the next.

A connection that is handed over has left its queue when it is received; where there is no descriptor for it, the kernel
closes it (unix(7), SCM_RIGHTS). Handlers that leak files must not cost anybody a request, so one is given up just
before, and taken again after.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING

from mpfcgi.ipc import handoff

if TYPE_CHECKING:
    from mpfcgi.worker.channel import Channel

# Out of descriptors or memory: a connection stays in the backlog, and we look again a little later.
ACCEPT_CAPACITY = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


class Descriptors:
    """Those of one worker. `most` connections at once leave a quarter of its files to handlers; `short` is for the worker to
    set when it takes no more."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._spare: int | None = os.dup(self._null)
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._limit = 1 << 30 if soft == resource.RLIM_INFINITY else soft
        self.most = self._limit - max(self._limit // 4, min(self._limit // 2, 64))
        self.short = False
        self._room_made = 0.0

    @property
    def gone(self) -> bool:
        """Whether there was none left to be kept."""
        return self._spare is None

    def receive(self, queue: socket.socket) -> tuple[socket.socket, bytes] | None:
        """`handoff.receive`, with a descriptor for the connection; None, and a line in the log, when even so there was none."""
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        try:
            return handoff.receive(queue)
        except OSError as error:
            self._log(f"lost: {error.strerror}")
            return None
        finally:
            with contextlib.suppress(OSError):
                self._spare = os.dup(self._null)

    def shortage(self, connections: int) -> str:
        """What the log says of a worker that can open nothing any more."""
        open_files = f"all {self._limit} files that it may have open (ulimit -n), {connections} of them connections"
        many = 2 * connections > self._limit
        remedy = "raise ulimit -n (LimitNOFILE= of systemd)" if many else "what handlers open they must close"
        return f"worker {os.getpid()} is to be replaced: it has {open_files}; {remedy}"

    def make_room(self, channels: Iterable[Channel]) -> None:
        """Close the idle connection that came first: handlers need descriptors, too, and new connections one each."""
        if monotonic() - self._room_made > 1:
            self._room_made = monotonic()
            self._log(f"limit: {self.most} at once by ulimit -n; those that are idle are closed")
        for channel in channels:
            if channel.idle:
                channel.close()
                return
