"""What a Request needs of the world: its parameters, a body to read, and a place to write to."""

from __future__ import annotations

import io
import os
from typing import Protocol


class ExchangeProtocol(Protocol):
    """One request and its response; the worker's is real, `MemoryExchange` is for tests."""

    role: int

    @property
    def front_end(self) -> bool:
        """Whether a web server passes the response on, which may be asked to send a file itself."""
        ...

    @property
    def params(self) -> dict[str, str]:
        """The parameters, as Latin-1 strings."""
        ...

    @property
    def aborted(self) -> bool:
        """Whether the client is gone."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes of the request body, all of it by default; b"" at its end."""
        ...

    def readline(self, size: int = -1, /) -> bytes:
        """The next line of the request body, of up to `size` bytes."""
        ...

    def write(self, data: bytes) -> None:
        """Queue response bytes. OSError when the client is gone."""
        ...

    def flush(self) -> None:
        """Send what is queued, now."""
        ...

    def sendfile(self, fd: int, offset: int, count: int) -> int:
        """Send a part of an open file after what is queued; the number of bytes."""
        ...


class MemoryExchange:
    """An exchange whose response is a list of bytes."""

    front_end = True

    def __init__(self, params: dict[str, str], body: bytes = b"", role: int = 1) -> None:
        self.params = params
        self.role = role
        self.aborted = False
        self.sent: list[bytes] = []
        self.flushes = 0
        self._body = io.BytesIO(body)

    def read(self, size: int = -1, /) -> bytes:
        return self._body.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._body.readline(size)

    def write(self, data: bytes) -> None:
        if self.aborted:
            raise BrokenPipeError("the client closed the connection")
        self.sent.append(data)

    def flush(self) -> None:
        self.flushes += 1

    def sendfile(self, fd: int, offset: int, count: int) -> int:
        self.sent.append(os.pread(fd, count, offset))
        return count

    @property
    def response(self) -> bytes:
        return b"".join(self.sent)
