"""The request body: read, readline, readlines (manual 4.5.4). All of them give bytes."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

from mpfcgi.api.chain import FilteredBody
from mpfcgi.api.constants import REQUEST_CHUNKED_DECHUNK, REQUEST_CHUNKED_ERROR, REQUEST_NO_BODY
from mpfcgi.api.members import read_only

if TYPE_CHECKING:
    from mpfcgi.api.exchange import ExchangeProtocol


class Reading:
    """Mixed into the request object."""

    _exchange: ExchangeProtocol
    _params: dict[str, str]
    _filtered_body: FilteredBody | None
    _reading = False
    _discarded = False
    _read_length = 0
    _read_body = REQUEST_NO_BODY
    read_length = read_only("_read_length", "How many bytes of the body were read.")
    read_body = read_only("_read_body", "How the body is read: REQUEST_NO_BODY, _CHUNKED_ERROR or _CHUNKED_DECHUNK.")

    def read(self, length: int = -1, /) -> bytes:
        """Up to `length` bytes of the body, all that is left by default; b"" at its end. OSError when the client goes."""
        return self._count((self._filtered_body or self._exchange).read(index(length)))

    def readline(self, length: int = -1, /) -> bytes:
        """The next line with its line break, or `length` bytes of it."""
        return self._count((self._filtered_body or self._exchange).readline(index(length)))

    def readlines(self, sizehint: int = -1, /) -> list[bytes]:
        """The lines that are left, or enough of them to have `sizehint` bytes."""
        sizehint = index(sizehint)
        lines: list[bytes] = []
        size = 0
        while (line := self.readline()) != b"":
            lines.append(line)
            size += len(line)
            if sizehint != -1 and size >= sizehint:
                break
        return lines

    def discard_request_body(self) -> int:
        """Throw the rest of the body away; OK."""
        while (self._filtered_body or self._exchange).read(65536):
            pass
        self._discarded = True
        return 0

    @property
    def remaining(self) -> int:
        """The length of the body, from the first read to the last."""
        text = self._params.get("CONTENT_LENGTH", "")
        length = int(text) if self._reading and text.isdecimal() else 0
        return length if self._read_length < length and not self._discarded else 0

    @property
    def read_chunked(self) -> int:
        """1 while a chunked body is read; the front-end has taken the chunks off."""
        return 0

    @property
    def expecting_100(self) -> int:
        """1 when the client asked for 100 Continue; the front-end has sent it."""
        return int(self._params.get("HTTP_EXPECT", "").lower() == "100-continue")

    def _count(self, data: bytes) -> bytes:
        if not self._reading:
            self._reading = True
            chunked = bool(data) and not self._params.get("CONTENT_LENGTH", "").isdecimal()
            self._read_body = REQUEST_CHUNKED_DECHUNK if chunked else REQUEST_CHUNKED_ERROR
        self._read_length += len(data)
        return data
