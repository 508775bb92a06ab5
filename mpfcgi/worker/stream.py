"""A raw connection's bytes, read and written by a connection handler; every call waits (manual 4.5.5)."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

# What read() without a length gives at most (HUGE_STRING_LEN of httpd).
READ_SIZE = 8192
# A line without an end must not fill the memory.
LONGEST_LINE = 1024 * 1024


class EndOfConnection(OSError):
    """The client has closed its side. What mod_python raises, by its words; that a handler ends so is normal."""

    def __init__(self) -> None:
        super().__init__("Connection read error")


class Stream:
    """The connection `sock` (non-blocking) of one handler.

    A write waits at most `timeout` seconds. While a read waits, `commands` (the worker's control line) is watched: when
    it is readable, `stopping` is asked, and if that is true the connection reads as ended.
    """

    def __init__(
        self, sock: socket.socket, timeout: float, commands: socket.socket, stopping: Callable[[], bool]
    ) -> None:
        self.sock = sock
        self.broken = False
        # How long a read may wait, in seconds; None for ever.
        self.patience: float | None = None
        self._timeout, self._commands, self._stopping = timeout, commands, stopping
        self._buffer = bytearray()
        self._ended = False
        self._told = False

    @property
    def aborted(self) -> bool:
        """Whether the client has gone away; one that only sends no more has not."""
        if not self.broken:
            poll = select.poll()
            poll.register(self.sock, 0)
            self.broken = any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))
        return self.broken

    def read(self, size: int = 0, /) -> bytes | None:
        """Up to `size` bytes (READ_SIZE for 0) as soon as there are some; with a negative one, all until the end.

        The end is told once, by None or by what came before it; from there on, EndOfConnection.
        """
        if not self._buffer and self._told:
            raise EndOfConnection
        if size < 0:
            while self._fill():
                pass
            self._told = True
            return self._take(len(self._buffer))
        if self._buffer or self._fill():
            return self._take(size or READ_SIZE)
        self._told = True
        return None

    def readline(self, size: int = 0, /) -> bytes:
        """The next line, or its first `size` bytes. EndOfConnection."""
        most = size if size > 0 else LONGEST_LINE
        searched = 0
        while (end := self._buffer.find(b"\n", searched, most)) < 0 and len(self._buffer) < most:
            searched = len(self._buffer)
            if not self._fill():
                break
        if not self._buffer:
            self._told = True
            raise EndOfConnection
        return self._take(end + 1 if end >= 0 else most)

    def write(self, data: bytes, /) -> None:
        """Send all of `data`. OSError when the client is gone or takes none for the time of Timeout."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.sock.send(rest) :]
            except BlockingIOError:
                self._wait_to_write()
            except OSError:
                self.broken = True
                raise

    def peek(self, timeout: float) -> bytes | None:
        """What has been received and not been read, after waiting `timeout` seconds for more; None for no more."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        if not poll.poll(timeout * 1000) or not self._receive():
            return None
        return bytes(self._buffer)

    def skip(self, size: int) -> None:
        """Forget the first `size` bytes of what `peek` showed."""
        del self._buffer[:size]

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _fill(self) -> bool:
        """Wait for more bytes; False at the end."""
        if self._ended:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(self._commands, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(None if self.patience is None else self.patience * 1000)}
            if not ready:
                raise TimeoutError("timed out")
            if self.sock.fileno() in ready:
                return self._receive()
            if self._stopping():
                self._ended = True
                return False

    def _receive(self) -> bool:
        try:
            data = self.sock.recv(READ_SIZE * 8)
        except BlockingIOError:
            return True
        except OSError:
            # Reset: as if it had been closed; writing tells.
            data = b""
        self._ended = not data
        self._buffer += data
        return not self._ended

    def _wait_to_write(self) -> None:
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        if not poll.poll(self._timeout * 1000):
            self.broken = True
            raise TimeoutError(f"the client took no bytes for {self._timeout:g} s")
