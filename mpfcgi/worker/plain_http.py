"""HTTP on a raw connection, one request: what Apache does when a connection handler declines (manual 4.4).

cheroot reads the request and frames the response; the request cycle in between is the same as behind a front-end.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cheroot import server as cheroot

from mpfcgi.api import Connection
from mpfcgi.api.constants import HTTP_REQUEST_ENTITY_TOO_LARGE
from mpfcgi.fastcgi import RESPONDER, Pairs, cgi_head
from mpfcgi.worker.stream import EndOfConnection, Stream

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle

PIECE = 64 * 1024
# As many bytes of a request's line and header fields; more are answered with 413 or 414.
LARGEST_HEAD = 64 * 1024


def answer(stream: Stream, conn: Connection, cycle: Cycle, log: Callable[[str], None]) -> None:
    """Read a request from the connection and let `cycle` answer it. `log` is told what goes wrong."""

    class Gateway(cheroot.Gateway):
        def respond(self) -> None:
            # One request: the process is needed for other connections.
            self.req.close_connection = True
            exchange = HttpExchange(self.req, stream, _params(self.req, conn))
            limit, _ = cycle.sites.body_rules(exchange.params)
            if limit and int(exchange.params["CONTENT_LENGTH"] or 0) > limit:
                log(f"request body is larger than LimitRequestBody {limit}")
                cycle.refuse(exchange, HTTP_REQUEST_ENTITY_TOO_LARGE)
                return
            # A chunked body that goes past it ends with an error of req.read().
            self.req.rfile.maxlen = limit
            cycle.serve(exchange, conn)

    class Server(cheroot.HTTPServer):
        def error_log(self, msg: str = "", level: int = 0, traceback: bool = False) -> None:
            log(msg)

    # It never listens, so that its address means nothing.
    server = Server(("127.0.0.1", 0), Gateway, server_name="mpfcgi")
    server.max_request_header_size = LARGEST_HEAD
    http: Any = cheroot.HTTPConnection(server, stream.sock, lambda sock, mode, size=0: _file(stream, mode))
    http.communicate()


class HttpExchange:
    """A request read by cheroot, and the way back for its response, which comes with a CGI head."""

    role = RESPONDER
    front_end = False

    def __init__(self, request: Any, stream: Stream, params: Pairs) -> None:
        self.params = params
        self._request, self._stream = request, stream
        self._head: bytes | None = b""

    @property
    def aborted(self) -> bool:
        """Whether the client has gone away."""
        return self._stream.aborted

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes of the request body, all of it by default."""
        return bytes(self._request.rfile.read(None if size < 0 else size))

    def readline(self, size: int = -1, /) -> bytes:
        """The next line of the request body, of up to `size` bytes."""
        return bytes(self._request.rfile.readline(None if size < 0 else size))

    def write(self, data: bytes) -> None:
        """Send response bytes; the head once it is whole. OSError when the client is gone."""
        if self._head is None:
            self._request.write(data)
            return
        self._head += data
        parsed = cgi_head.parse_head(self._head)
        if parsed is None:
            return
        self._head = None
        head, rest = parsed
        self._request.status = f"{head.status} {head.reason}".encode("latin-1")
        # As Apache orders them.
        self._request.outheaders = sorted(head.headers, key=lambda header: header[0].lower() == b"content-type")
        self._request.ensure_headers_sent()
        if rest:
            self._request.write(rest)

    def flush(self) -> None:
        """Nothing waits here."""

    def sendfile(self, fd: int, offset: int, count: int) -> int:
        """Send a part of an open file; the number of bytes."""
        for start in range(offset, offset + count, PIECE):
            self.write(os.pread(fd, min(PIECE, offset + count - start), start))
        return count

    def finish(self, app_status: int = 0) -> None:
        """The response is complete."""

    def break_off(self) -> None:
        """It can't be completed: nothing more, not even the end of a chunked body, is sent."""
        self._request.ready = self._request.chunked_write = False


class _Reader(io.RawIOBase):
    """A stream as a file to read from."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self._stream.read(len(buffer)) or b""
        except EndOfConnection:
            return 0
        buffer[: len(data)] = data
        return len(data)


class _Writer:
    """A stream as a file to write to."""

    def __init__(self, stream: Stream) -> None:
        self.write = stream.write


def _file(stream: Stream, mode: str) -> Any:
    return io.BufferedReader(_Reader(stream), PIECE) if "r" in mode else _Writer(stream)


def _params(request: Any, conn: Connection) -> Pairs:
    """What a front-end would send of the request."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.inheaders.items()}
    params = Pairs(conn._params)
    params.update(
        REQUEST_METHOD=request.method.decode("latin-1"),
        REQUEST_URI=request.uri.decode("latin-1"),
        QUERY_STRING=(request.qs or b"").decode("latin-1"),
        SERVER_PROTOCOL=request.request_protocol.decode("latin-1"),
        REQUEST_SCHEME="http",
        CONTENT_TYPE=headers.pop("Content-Type", ""),
        CONTENT_LENGTH=headers.pop("Content-Length", ""),
    )
    params.update({"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()})
    return params
