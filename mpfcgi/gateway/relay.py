"""FastCGI to FastCGI: the connections of one listening socket, passed on to the daemon byte by byte.

For a process that a web server starts (mod_fcgid, lighttpd) where the user's own daemon does the work. It looks at no
more than the heads of records, to know at the end which connections are between two requests.
"""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable
from time import monotonic

from mpfcgi.fastcgi.constants import FCGI_BEGIN_REQUEST, FCGI_END_REQUEST, FCGI_HEADER_LEN
from mpfcgi.fastcgi.records import HEADER

PIECE = 64 * 1024
# Seconds for a web server to read our last bytes, while bytes of its own are unread: closing would reset the connection.
LINGER = 2.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class Records:
    """Counts the records of one type in a stream of bytes."""

    def __init__(self, kind: int) -> None:
        self.count = 0
        self._kind = kind
        self._head = b""
        self._left = 0

    def feed(self, data: bytes) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._left:
                skipped = min(self._left, end - at)
                self._left -= skipped
                at += skipped
                continue
            piece = data[at : at + FCGI_HEADER_LEN - len(self._head)]
            self._head += piece
            at += len(piece)
            if len(self._head) == FCGI_HEADER_LEN:
                _, kind, _, size, padding = HEADER.unpack(self._head)
                self._left = size + padding
                self.count += kind == self._kind
                self._head = b""


class Side:
    """One socket of a pair: what is to be sent on it, and what was seen to come from it."""

    def __init__(self, sock: socket.socket, records: Records) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.records = records
        self.waiting = b""
        self.ended = False

    def read(self) -> bytes:
        """What has come; b"" when there is nothing, or no more will come (`ended`)."""
        try:
            data = self.sock.recv(PIECE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.ended = not data
        self.records.feed(data)
        return data

    def send(self) -> None:
        """Send what waits, as much as goes. Where nobody takes it any more it is dropped: what comes may still be read."""
        try:
            self.waiting = self.waiting[self.sock.send(self.waiting) :]
        except BlockingIOError:
            pass
        except OSError:
            self.waiting = b""


class Pair:
    """A connection of the web server and the one to the daemon."""

    def __init__(self, web: socket.socket, daemon: socket.socket) -> None:
        self.web = Side(web, Records(FCGI_BEGIN_REQUEST))
        self.daemon = Side(daemon, Records(FCGI_END_REQUEST))
        # When a connection that the daemon has ended is closed, if the web server does not do so before.
        self.deadline: float | None = None

    @property
    def idle(self) -> bool:
        """Whether every request that has begun is answered, to the last byte."""
        return self.web.records.count == self.daemon.records.count and not self.web.waiting

    def ready(self, events: dict[int, int]) -> bool:
        """Pass on what can be passed on; False when the pair is done."""
        for side, other in ((self.web, self.daemon), (self.daemon, self.web)):
            happened = events.get(side.sock.fileno(), 0)
            if happened & select.POLLOUT:
                side.send()
            if happened & ~select.POLLOUT and not side.ended and not other.waiting:
                other.waiting = side.read()
                if other.waiting:
                    other.send()
        if self.web.ended:
            return False
        if self.daemon.ended and not self.web.waiting and self.deadline is None:
            self.deadline = monotonic() + LINGER
            try:
                self.web.sock.shutdown(socket.SHUT_WR)
            except OSError:
                return False
        return True

    def register(self, poll: select.poll) -> None:
        for side, other in ((self.web, self.daemon), (self.daemon, self.web)):
            reads = not other.waiting and not side.ended
            events = (select.POLLIN if reads else 0) | (select.POLLOUT if side.waiting else 0)
            if events:
                poll.register(side.sock, events)

    def close(self) -> None:
        self.web.sock.close()
        self.daemon.sock.close()


class Relay:
    """Passes connections of `listener` on to those that `connect` gives; OSError of it means that there is no daemon."""

    def __init__(self, listener: socket.socket, connect: Callable[[], socket.socket]) -> None:
        self._listener = listener
        self._connect = connect
        self._pairs: list[Pair] = []
        self._stopping = False
        self._lost: OSError | None = None

    def run(self) -> OSError | None:
        """Until SIGTERM, SIGUSR1 or SIGINT: None. When the daemon can't be reached any more: why.

        What was accepted before is answered to its end. A connection that finds no daemon is not accepted: it waits
        for who listens next.
        """
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        before = {number: signal.signal(number, self._stop) for number in STOP_SIGNALS}
        former = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        try:
            while not ((self._stopping or self._lost) and not self._pairs):
                self._turn(woken)
        finally:
            signal.set_wakeup_fd(former)
            for number, handler in before.items():
                signal.signal(number, handler)
            woken.close()
            wake.close()
        return None if self._stopping else self._lost

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _turn(self, woken: socket.socket) -> None:
        poll = select.poll()
        poll.register(woken, select.POLLIN)
        accepting = not (self._stopping or self._lost)
        if accepting:
            poll.register(self._listener, select.POLLIN)
        for pair in self._pairs:
            pair.register(poll)
        now = monotonic()
        deadlines = [pair.deadline for pair in self._pairs if pair.deadline is not None]
        events = dict(poll.poll(max(min(deadlines) - now, 0) * 1000 + 1 if deadlines else None))
        if events.pop(woken.fileno(), 0):
            woken.recv(64)
        # Before a new connection takes a number that an event was for.
        self._pairs = [pair for pair in self._pairs if self._goes_on(pair, events)]
        if accepting and events.get(self._listener.fileno()):
            self._accept()

    def _goes_on(self, pair: Pair, events: dict[int, int]) -> bool:
        late = pair.deadline is not None and pair.deadline < monotonic()
        if not late and pair.ready(events) and not ((self._stopping or self._lost) and pair.idle):
            return True
        pair.close()
        return False

    def _accept(self) -> None:
        """Take a connection, once the daemon has taken ours."""
        try:
            daemon = self._connect()
        except OSError as error:
            self._lost = error
            return
        try:
            web, _ = self._listener.accept()
        except OSError:
            # Another process was faster, the peer is none of the web server's, or it has left.
            daemon.close()
            return
        self._pairs.append(Pair(web, daemon))
