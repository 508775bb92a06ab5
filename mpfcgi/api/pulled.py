"""Bytes that come in pieces, and are asked for by number or by line: bodies that arrive, and those behind filters."""

from __future__ import annotations

from abc import ABC, abstractmethod

# How many bytes are asked for at once, where all of them are wanted, or a line.
PULL_ALL, PULL_LINE = 65536, 8192


class Pulled(ABC):
    """What has come and was not asked for is held. Sizes are in bytes; a negative one is for all."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._ended = False

    @abstractmethod
    def _pull(self, size: int) -> None:
        """Wait for the next piece and add it to `_held`; about `size` bytes are wanted. At the end set `_ended`."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, by default all; b"" at the end."""
        while not self._ended and (size < 0 or len(self._held) < size):
            self._pull(PULL_ALL if size < 0 else size - len(self._held))
        return self._take(len(self._held) if size < 0 else size)

    def readline(self, size: int = -1, /) -> bytes:
        """The next line, or `size` bytes of it; b"" at the end."""
        searched = 0
        while not self._ended and (size < 0 or len(self._held) < size):
            if self._held.find(b"\n", searched) >= 0:
                break
            searched = len(self._held)
            self._pull(PULL_LINE)
        end = self._held.find(b"\n") + 1 or len(self._held)
        return self._take(end if size < 0 else min(end, size))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken
