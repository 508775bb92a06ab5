"""One request and its response on a connection, as the api sees it (`mpfcgi.api.exchange`).

Response bytes wait here until there are enough of them, until the request ends, or until the watchdog finds that
they have waited too long: so a small response is one send(2), and a handler that writes a line and then sleeps is
still seen at once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mpfcgi.fastcgi import RESPONDER, Pairs
from mpfcgi.worker.body import Body, SpooledBody
from mpfcgi.worker.outgoing import FileStretch

if TYPE_CHECKING:
    from mpfcgi.worker.channel import Channel

SEND_AT = 64 * 1024


class Exchange:
    """A request's parameters and body, and the way back for its response.

    `params` are Latin-1 strings; `role` is the FastCGI role; `data` is the body of FCGI_DATA (Filter role).
    """

    __slots__ = ("_pending", "_size", "body", "channel", "data", "ended", "params", "role")

    def __init__(self, channel: Channel, role: int, params: Pairs, body: Body, data: SpooledBody | None = None) -> None:
        self.channel = channel
        self.role = role
        self.params = params
        self.body = body
        self.data = data
        self.ended = False
        self._pending: deque[bytes] = deque()
        self._size = 0

    @property
    def aborted(self) -> bool:
        """True once the front-end has closed the connection or sent FCGI_ABORT_REQUEST."""
        return self.ended or self.channel.peer_left()

    @property
    def front_end(self) -> bool:
        """False for the server of `mpfcgi serve`, which sends no files itself, and for who only asks for a permission."""
        return self.role == RESPONDER and not self.params.get("SERVER_SOFTWARE", "").startswith("mpfcgi")

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes of the body, all by default; b"" when the request is over."""
        return self.body.read(size) if not self.ended else b""

    def readline(self, size: int = -1, /) -> bytes:
        """The body's next line, of up to `size` bytes."""
        return self.body.readline(size) if not self.ended else b""

    def write(self, data: bytes) -> None:
        """Queue response bytes. OSError when the front-end is gone or the request is over."""
        if self.ended or self.channel.gone:
            raise BrokenPipeError("the client closed the connection")
        self._pending.append(data)
        self._size += len(data)
        if self._size >= SEND_AT:
            self._push()

    def flush(self) -> None:
        """Send all that was written so far, now."""
        if self.ended or self.channel.gone:
            raise BrokenPipeError("the client closed the connection")
        self._push()

    def flush_late(self) -> None:
        """The watchdog's flush, from its own thread: it never waits, for the handler may be sending right now."""
        channel = self.channel
        if not channel.lock.acquire(blocking=False):
            return
        try:
            if not self.ended and (self._pending or channel.outgoing):
                channel.begun = self
                channel.send(channel.wire.stdout(self._take()))
        finally:
            channel.lock.release()

    def sendfile(self, fd: int, offset: int, count: int) -> int:
        """Queue `count` bytes of the open file `fd` from `offset`; the kernel copies them. Returns `count`."""
        self.flush()
        if count:
            with self.channel.lock:
                self.channel.send_file(FileStretch(fd, offset, count, self.channel.wire.request_id))
        return count

    def finish(self, app_status: int = 0) -> None:
        """End the response: the rest of the bytes, the end of the stream, FCGI_END_REQUEST."""
        channel = self.channel
        with channel.lock:
            self.ended = True
            channel.send(channel.wire.stdout_end_request(self._take(), app_status))
        self.body.close()

    def break_off(self) -> None:
        """End a response that can't be completed by closing the connection, so that the client sees it cut."""
        with self.channel.lock:
            self.ended = True
            self.channel.break_off()
        self.body.close()

    def stderr(self, text: bytes) -> None:
        """Send `text` to the front-end's error log (FCGI_STDERR), with the end of the response."""
        if not self.ended:
            with self.channel.lock:
                self.channel.wire.stderr_at_end(text)

    def _push(self) -> None:
        channel = self.channel
        with channel.lock:
            if self._pending:
                channel.begun = self
                channel.send(channel.wire.stdout(self._take()))
            channel.wait_for_room()

    def _take(self) -> bytes:
        # popleft, not a swap of lists: the handler's thread may append while the watchdog takes.
        pending = self._pending
        self._size = 0
        if len(pending) == 1:
            return pending.popleft()
        parts = []
        while pending:
            parts.append(pending.popleft())
        return b"".join(parts)
