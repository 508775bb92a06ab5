"""The filter object (manual 4.5.6): what an input or output filter is given, a new one for each piece of the body."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

from mpfcgi.api.members import integer
from mpfcgi.api.text import as_bytes

if TYPE_CHECKING:
    from mpfcgi.api.chain import Forward, Pull
    from mpfcgi.api.request import mp_request

_CLOSED = "I/O operation on closed filter"


class mp_filter:
    """Reads one piece of a body and writes what is to come of it. Handlers can't set attributes of their own on it."""

    __module__ = "builtins"
    __slots__ = (
        "_closed", "_data", "_directory", "_disabled", "_end_told", "_eos", "_flush", "_forward", "_handler", "_is_input",
        "_name", "_out", "_position", "_pull", "_req", "_size", "_softspace",
    )  # fmt: skip

    def __init__(self, req: mp_request, name: str, handler: str | None, directory: str | None, is_input: bool) -> None:
        self._req = req
        self._name = name
        self._handler = handler
        self._directory = directory
        self._is_input = is_input
        self._pull: Pull | None = None
        self._forward: Forward | None = None
        self._size = 0
        self._data = b""
        self._position = 0
        self._flush = self._eos = self._end_told = self._closed = self._disabled = False
        self._out: list[bytes] = []
        self._softspace = 0

    def _of_output(self, data: bytes, flush: bool, eos: bool, forward: Forward) -> mp_filter:
        """The filter is for this piece of a response; it passes on to `forward`."""
        self._data, self._flush, self._eos, self._forward = data, flush, eos, forward
        return self

    def _of_input(self, size: int, pull: Pull) -> mp_filter:
        """The filter is for one read of `size` bytes; it gets them from `pull` when it wants them."""
        self._size, self._pull = size, pull
        return self

    softspace: int = integer("_softspace", "An integer to keep, as files of Python 2 had it.")

    # -- reading

    def read(self, length: int = -1, /) -> bytes | None:
        """Up to `length` bytes of this piece, by default all; b"" when no more is there, None once at the end of the body.

        ValueError when the filter is closed.
        """
        length = index(length)
        self._open()
        left = len(self._data) - self._position
        return self._take(left if length < 0 else min(length, left))

    def readline(self, length: int = -1, /) -> bytes | None:
        """The next line of this piece with its line break, or `length` bytes of it; otherwise as `read`."""
        length = index(length)
        self._open()
        end = self._data.find(b"\n", self._position) + 1 or len(self._data)
        count = end - self._position
        return self._take(count if length < 0 else min(length, count))

    # -- writing

    def write(self, data: str | bytes, /) -> None:
        """Write to the next filter: text as UTF-8, bytes as they are. ValueError when the filter is closed."""
        if self._closed:
            raise ValueError(_CLOSED)
        self._out.append(as_bytes(data))

    def flush(self) -> None:
        """Pass on what was written so far, and let it be sent."""
        if self._forward is not None and not self._closed:
            self._forward(self._written(), True, False)

    def close(self) -> None:
        """Pass on what was written, and the end of the body. To be called when `read` has given None."""
        if self._closed:
            return
        self._closed = True
        if self._forward is not None:
            self._forward(self._written(), False, True)

    def pass_on(self) -> None:
        """Let this piece, as far as it wasn't read, through as it is."""
        if self._closed:
            return
        self._fetch()
        self._out.append(self._data[self._position :])
        self._position = len(self._data)
        self._end_told = True
        if self._forward is not None:
            self._forward(self._written(), self._flush, self._eos)

    def disable(self) -> None:
        """Let the pieces after this one through without calling the filter again."""
        self._disabled = True

    # -- members

    @property
    def closed(self) -> int:
        """1 when the filter is closed."""
        return int(self._closed)

    @property
    def name(self) -> str:
        """The name that the filter is registered under, in lower case; 'mod_python' for one that a handler registered."""
        return self._name

    @property
    def req(self) -> mp_request:
        """The request object."""
        return self._req

    @property
    def is_input(self) -> int:
        """1 for an input filter."""
        return int(self._is_input)

    @property
    def handler(self) -> str | None:
        """The name of the filter's function, as the configuration has it; None for the one of a page with includes."""
        return self._handler

    @property
    def dir(self) -> str | None:
        """The folder of the section that registers the filter; None outside of any."""
        return self._directory

    # -- what the chain asks

    def _fetch(self) -> None:
        """Get the piece of an input filter, once."""
        if self._pull is not None:
            self._data, self._eos = self._pull(self._size)
            self._pull = None

    def _written(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        return data

    def _open(self) -> None:
        if self._closed:
            raise ValueError(_CLOSED)
        self._fetch()

    def _take(self, count: int) -> bytes | None:
        if self._position == len(self._data) and self._eos and not self._end_told:
            self._end_told = True
            return None
        start = self._position
        self._position += max(count, 0)
        return self._data[start : self._position]
