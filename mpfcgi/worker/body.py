"""Request bodies: collected by the event loop before the handler starts, or pulled by the handler itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Protocol

from mpfcgi.api.errors import BodyTooLarge
from mpfcgi.api.pulled import Pulled
from mpfcgi.fastcgi import FILTER, ParamsReceived

# How much of what was held is read at once, in bytes.
PIECE = 64 * 1024


class Body(Protocol):
    """What `req.read` and `req.readline` read from; sizes in bytes, -1 for all."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readline(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class EmptyBody:
    """The body of a request that has none."""

    length = 0

    def read(self, size: int = -1, /) -> bytes:
        return b""

    def readline(self, size: int = -1, /) -> bytes:
        return b""

    def close(self) -> None:
        pass


EMPTY = EmptyBody()


class SpooledBody:
    """A body kept in memory up to `in_memory` bytes, then in a temporary file that has no name."""

    def __init__(self, in_memory: int) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115
        self.length = 0

    def append(self, data: bytes) -> None:
        """Add what arrived. OSError when the disk is full."""
        self._file.write(data)
        self.length += len(data)

    def rewind(self) -> None:
        self._file.seek(0)

    def so_far(self) -> bytes:
        """All that has arrived; more may be appended."""
        self._file.seek(0)
        return self._file.read()

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._file.readline(size)

    def close(self) -> None:
        self._file.close()


class StreamedBody(Pulled):
    """A body that is still arriving (`RequestBuffering Off`): `more` blocks for the next piece, b"" at the end.

    What arrives before it is asked for is held, up to `in_memory` bytes in memory and then in a file without a name. More
    than `limit` bytes (0 for no limit) are not held, and reading on raises BodyTooLarge.
    """

    def __init__(self, more: Callable[[], bytes], in_memory: int = 256 * 1024, limit: int = 0) -> None:
        super().__init__()
        self._more = more
        self._in_memory = in_memory
        self._limit = limit
        self._too_large = False
        self._ahead: IO[bytes] | None = None
        self._ahead_read = self._ahead_end = 0
        self.length = 0

    def hold(self, data: bytes) -> None:
        """Keep a piece that nobody has asked for yet. OSError when the disk is full."""
        if self._too_large or self._is_past_limit(len(data) + self._ahead_end - self._ahead_read):
            return
        if self._ahead is None:
            self._ahead = tempfile.SpooledTemporaryFile(max_size=self._in_memory)  # noqa: SIM115
        self._ahead.seek(self._ahead_end)
        self._ahead.write(data)
        self._ahead_end += len(data)

    def close(self) -> None:
        self._held.clear()
        self._ended = True
        if self._ahead is not None:
            self._ahead.close()

    def _next(self) -> bytes:
        """The next piece: what was held first."""
        if self._ahead is None or self._ahead_read == self._ahead_end:
            return self._more()
        self._ahead.seek(self._ahead_read)
        piece = self._ahead.read(PIECE)
        self._ahead_read += len(piece)
        if self._ahead_read == self._ahead_end:
            self._ahead.seek(0)
            self._ahead.truncate()
            self._ahead_read = self._ahead_end = 0
        return piece

    def _pull(self, size: int) -> None:
        # What was held is dropped, too: it is a part of a body that is refused.
        piece = b"" if self._too_large else self._next()
        if self._too_large or self._is_past_limit(len(piece)):
            self._held.clear()
            raise BodyTooLarge(self._limit)
        self._ended = not piece
        self._held += piece
        self.length += len(piece)

    def _is_past_limit(self, more: int) -> bool:
        self._too_large = 0 < self._limit < self.length + more
        return self._too_large


class Upload:
    """A request whose parameters are known and whose body is arriving."""

    __slots__ = ("body", "data", "event", "limit")

    def __init__(self, event: ParamsReceived, limit: int, in_memory: int) -> None:
        self.event = event
        self.limit = limit
        self.body = SpooledBody(in_memory)
        self.data = SpooledBody(in_memory) if event.role == FILTER else None

    def close(self) -> None:
        self.body.close()
        if self.data is not None:
            self.data.close()
