"""The response side of a request: write, flush, sendfile, and the head that goes before (manual 4.5.4).

The head is made by the first flushed write or at the end. A response that is small and never flushed gets a
Content-Length; error documents throw away what is not sent yet.
"""

from __future__ import annotations

import os
import time
from operator import index
from typing import TYPE_CHECKING, Any

from mpfcgi.api.chain import RESOURCE, OutputChain
from mpfcgi.api.conditions import http_date
from mpfcgi.api.constants import APLOG_ERR, HTTP_INTERNAL_SERVER_ERROR
from mpfcgi.api.filtering import Filtering
from mpfcgi.api.members import integer, read_only, text
from mpfcgi.api.offered import Offered, named
from mpfcgi.api.response import HeadRefused, InvalidHeader, head, line_sent, plain_head, with_charset
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import as_bytes, outgoing
from mpfcgi.files import regular

if TYPE_CHECKING:
    from mpfcgi.api.exchange import ExchangeProtocol

# Apache passes unflushed output on when this much has come together.
BUFFERED = 8000
# So much of a file that is filtered is one piece (Apache's limit for mapping files, APR_MMAP_LIMIT).
FILE_PIECE = 4 * 1024 * 1024
NO_BODY = frozenset((204, 304))


class Output(Filtering):
    """Mixed into the request object."""

    _exchange: ExchangeProtocol
    _head_sent = False
    _buffer: list[bytes] | None = None
    _buffered = 0
    _headers_out: mp_table | None = None
    _err_headers_out: mp_table | None = None
    _content_type: str | None = None
    _type_set = 0
    _header_only: int
    _status = 200
    _status_line: str | None = None
    _assbackwards = 0
    _charset: str | None = None
    _no_cache = 0
    _chunked = 0
    _bytes_sent = 0
    _sent_bodyct = 0
    _clength = 0
    _finished = False
    _lost = False
    _offered: Offered | None = None
    _settings: Any
    _main: Any

    status: int = integer("_status", "The status of the response.")
    status_line: str | None = text(
        "_status_line",
        "The status line, with words of its own: '299 Custom'; None until it is set or sent.",
        get=line_sent,
    )
    assbackwards: int = integer("_assbackwards", "1 for a response without head (HTTP/0.9).")
    no_cache: int = integer("_no_cache", "1 when the response may not be kept: it gets an Expires header.")
    chunked: int = integer("_chunked", "1 for a chunked response; the front-end chunks.")
    bytes_sent: int = read_only("_bytes_sent", "How many bytes of the body were sent.")
    sent_bodyct: int = read_only("_sent_bodyct", "1 when the head is sent and the body has begun.")
    clength: int = read_only("_clength", "What set_content_length set.")

    @property
    def eos_sent(self) -> int:
        """1 when the end of the response is sent."""
        return int(self._finished)

    @property
    def _bytes_queued(self) -> int:
        """How many bytes of the body were written, sent or not."""
        return self._bytes_sent + self._buffered

    _content_type_set = read_only("_type_set", "1 when a handler set `content_type`.")

    @property
    def content_type(self) -> str | None:
        """The Content-Type of the response; `_content_type_set` tells whether a handler set it. str, or bytes as Latin-1."""
        return self._content_type

    @content_type.setter
    def content_type(self, value: str | bytes) -> None:
        if value.__class__ is not str or not value.isascii():  # type: ignore[union-attr]
            value = outgoing(value)
        self._content_type = value  # type: ignore[assignment]
        self._type_set = 1

    def write(self, data: str | bytes, flush: int = 1, /) -> None:
        """Write to the client: text as UTF-8, bytes as they are. OSError when the client is gone.

        Unless `flush`, an integer, is 0 it is on its way at once: sent within some milliseconds; `flush()` sends now.
        """
        if data.__class__ is str:
            data = data.encode()  # type: ignore[union-attr]
        elif data.__class__ is not bytes:
            data = as_bytes(data)
        if flush.__class__ is not int:
            flush = index(flush)
        if not flush:
            if self._buffer is None:
                self._buffer = [data]  # type: ignore[list-item]
            else:
                self._buffer.append(data)  # type: ignore[arg-type]
            self._buffered += len(data)
            if self._buffered <= BUFFERED:
                return
            self._pass_on(b"", False)
            return
        if data:
            self._pass_on(data)  # type: ignore[arg-type]

    def flush(self) -> None:
        """Send all that was written so far."""
        self._pass_on(b"")
        if not self._finished:
            self._exchange.flush()

    def sendfile(self, path: str, offset: int = 0, length: int = -1, /) -> int:
        """Send a file, or `length` bytes of it from `offset`; the number of bytes sent. OSError when it can't be read."""
        offset, length = index(offset), index(length)
        if offset < 0:
            raise ValueError(f"sendfile: the offset is {offset}, before the beginning of {path}")
        try:
            descriptor = regular(path, os.O_RDONLY)
        except OSError as error:
            # An OSError itself, as mod_python raises, not one of its subclasses.
            raise OSError(f"sendfile: could not open {path}: {error.strerror}") from error
        try:
            available = max(os.fstat(descriptor).st_size - offset, 0)
            count = available if length < 0 else min(length, available)
            if count < available or offset or not self._offer(path, descriptor, count):
                self._send_descriptor(descriptor, offset, count)
        finally:
            os.close(descriptor)
        return count

    def _offer(self, path: str, descriptor: int, count: int) -> bool:
        """Leave a whole file to the web server if it may send it (SendfileHeader), and nothing else is in the response."""
        configured = self._settings.get("SendfileHeader")
        if (
            configured is None
            or self._head_sent
            or self._buffer
            or self._offered
            or self._chain is not None
            or self._main is not None
            or self._status != 200
            or not self._sends_body()
            or not self._exchange.front_end
        ):
            return False
        value = named(configured, path, self._exchange.params.get("SERVER_SOFTWARE", ""))
        if value is None:
            return False
        self._offered = Offered(configured[0], value, os.dup(descriptor), count)
        return True

    def _withdraw(self) -> None:
        """More than the file is to be sent, after all: send it here, and then what was written behind it."""
        offered, behind, self._offered = self._offered, self._buffer, None
        if offered is None:
            return
        self._buffer, self._buffered = None, 0
        try:
            self._send_descriptor(offered.descriptor, 0, offered.count)
        finally:
            offered.close()
        self._buffer, self._buffered = behind, sum(map(len, behind or ()))

    def _drop_offer(self) -> None:
        if self._offered is not None:
            self._offered.close()
            self._offered = None

    def _name_file(self, offered: Offered) -> None:
        """The response is the file's name; its length and the like are for the web server to tell."""
        self.headers_out[offered.header] = offered.value
        for name in ("Content-Length", "Accept-Ranges"):
            if name in self.headers_out:
                del self.headers_out[name]
        self._drop_offer()

    def _send_descriptor(self, descriptor: int, offset: int, count: int) -> None:
        if self._chain is not None:
            self._filter_descriptor(descriptor, offset, count)
            self._pass_on(b"", False)
            return
        self._pass_on(b"")
        if count and self._sends_body() and not (self._lost or self._finished):
            self._exchange.sendfile(descriptor, offset, count)
            self._bytes_sent += count

    def _filter_descriptor(self, descriptor: int, offset: int, count: int) -> None:
        """Hand a file to the filters, the last piece of it when the next bytes go, or with the end."""
        while data := os.pread(descriptor, min(count, FILE_PIECE), offset):
            if self._buffer and self._buffered + len(data) > FILE_PIECE:
                self._pass_on(b"", False)
            self._buffer = [*(self._buffer or ()), data]
            self._buffered += len(data)
            offset += len(data)
            count -= len(data)

    def set_content_length(self, length: int, /) -> None:
        """Set the Content-Length header and `clength`."""
        self._clength = length = index(length)
        self.headers_out["Content-Length"] = str(length)

    def send_http_header(self) -> None:
        """Does nothing: headers are sent before the first byte of the body. For old code."""

    @property
    def headers_out(self) -> mp_table:
        """The headers of the response; lost when an error document takes its place."""
        if self._headers_out is None:
            self._headers_out = mp_table()
        return self._headers_out

    @property
    def err_headers_out(self) -> mp_table:
        """Headers that are sent with errors too, and across internal redirects."""
        if self._err_headers_out is None:
            self._err_headers_out = mp_table()
        return self._err_headers_out

    def _sends_body(self) -> bool:
        return not self._header_only and self._status not in NO_BODY

    def _pass_on(self, data: bytes, flush: bool = True) -> None:
        """Give the buffer and `data` to the filters, or to the exchange, behind the head."""
        # Log and cleanup handlers may write: nobody reads it.
        if self._lost or self._finished:
            return
        if self._offered is not None:
            self._withdraw()
        if self._buffer:
            self._buffer.append(data)
            data = b"".join(self._buffer)
            self._buffer, self._buffered = None, 0
        if self._main is not None and not self._head_sent:
            # A file that is asked for in a folder's place, perhaps in vain, has no response of its own.
            self._main._pass_on(data, flush)
            return
        if self._chain is not None:
            self._chain.take(data, flush, False)
            return
        if not self._head_sent:
            start = self._head(None)
            self._head_sent = True
            self._sent_bodyct = 1
            if not self._sends_body():
                self._exchange.write(start)
                return
            self._bytes_sent = len(data)
            self._exchange.write(start + data)
        elif data and self._sends_body():
            self._bytes_sent += len(data)
            self._exchange.write(data)

    def _finish(self) -> None:
        """The request is answered: send what is left, with a Content-Length where nothing was sent before.

        OSError when the client is gone, or when a filter has failed behind the head.
        """
        try:
            self._send_rest()
        except HeadRefused:
            # With an ErrorDocument another request has answered, to its end.
            if not self._lost:
                self._send_rest()

    def _send_rest(self) -> None:
        if self._offered is not None:
            if self._buffer or self._chain is not None or self._status != 200:
                self._withdraw()
            else:
                self._name_file(self._offered)
                start = self._head(None)
                self._head_sent = True
                self._sent_bodyct = 1
                self._exchange.write(start)
                self._finished = True
                return
        if self._chain is not None and self._end_filters(self._chain):
            return
        if not self._head_sent:
            body = b"".join(self._buffer) if self._buffer else b""
            if not self._sends_body():
                start = self._head(len(body) if self._header_only and body else None)
            else:
                start = self._head(len(body)) + body
                self._bytes_sent = len(body)
            self._buffer = None
            self._head_sent = True
            self._exchange.write(start)
        elif self._buffer:
            self._pass_on(b"")
        self._finished = True

    def _end_filters(self, chain: OutputChain) -> bool:
        """Send what is left through the filters; False when an error document has taken its place."""
        data = b"".join(self._buffer) if self._buffer else b""
        self._buffer, self._buffered = None, 0
        chain.take(data, False, True)
        if chain.failed and self._head_sent:
            raise OSError("a filter has failed: the response can't be completed")
        if chain.failed:
            self._services.answer_error(self, chain.failed)
        # With an ErrorDocument another request has answered, to its end.
        self._finished = not chain.failed or self._lost
        return self._finished

    def _deliver(self, data: bytes, flush: bool, eos: bool) -> None:
        """What comes out of the filters. The head waits for the first bytes, a flush or the end."""
        if self._head_sent:
            if data and self._sends_body():
                self._bytes_sent += len(data)
                self._exchange.write(data)
            return
        if not (data or flush or eos):
            return
        if not self._sends_body():
            start = self._head(len(data) if eos and data and self._header_only else None)
            self._head_sent = True
            self._sent_bodyct = 1
            self._exchange.write(start)
            return
        length = len(data) if eos else None
        if length is None:
            # It was set for what went into the filters: what will come out of them is not known.
            del self.headers_out["Content-Length"]
        start = self._head(length)
        self._head_sent = True
        self._sent_bodyct = 1
        self._bytes_sent = len(data)
        self._exchange.write(start + data)

    def _leave_filters(self) -> None:
        """An error document is not filtered; but once a response is encoded, all of it has to be."""
        if self._chain is None:
            return
        if self._head_sent:
            self._chain.stages = [stage for stage in self._chain.stages if stage.order > RESOURCE]
        else:
            self._chain = None

    def _head(self, length: int | None) -> bytes:
        if self._status in NO_BODY:
            self._content_type = None
        elif self._charset is not None:
            self._content_type = with_charset(self._content_type, self._charset)
        if self._assbackwards:
            return b"Status: 200 OK\r\n\r\n"
        try:
            if (
                self._headers_out is None
                and self._err_headers_out is None
                and self._status_line is None
                and not self._no_cache
            ):
                return plain_head(self._status, self._content_type, length)
            if self._no_cache and "Expires" not in self.headers_out:
                self.headers_out["Expires"] = http_date(time.time())
            return head(
                self._status, self._status_line, self._content_type, self._headers_out, self._err_headers_out, length
            )
        except InvalidHeader as error:
            raise self._refuse_head(error) from None

    def _refuse_head(self, error: InvalidHeader) -> HeadRefused:
        """Answer 500 for a header that can't be sent, as Apache does."""
        text = f"Response header {error.name!r} contains invalid characters, aborting request"
        self._services.log(APLOG_ERR, text, request=self)
        self._err_headers_out = None
        self._services.answer_error(self, HTTP_INTERNAL_SERVER_ERROR)
        return HeadRefused(text)

    def _give_way(self) -> None:
        """Another request answers in the place of this one: all that is not sent is lost, and what comes."""
        self._drop_offer()
        self._buffer, self._buffered = None, 0
        self._lost = True

    def _discard_output(self) -> None:
        """An error document takes the place of what was written; headers_out go, err_headers_out stay."""
        self._drop_offer()
        self._buffer, self._buffered = None, 0
        self._headers_out = None
        self._content_type = None
