"""HTTP to FastCGI, for `mpfcgi serve`: cheroot in front, the worker's socket behind. Bodies stream both ways."""

from __future__ import annotations

import queue
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from cheroot import wsgi

from mpfcgi.fastcgi import ClientConnection, ProtocolError, RequestEnded, StderrReceived, StdoutReceived, cgi_head

THREADS = 16
READ_SIZE = 64 * 1024
# Seconds that a worker may take between two pieces of its response.
PATIENCE = 600.0
BAD_GATEWAY = b"The worker went away before it had answered.\n"


def run(listener: socket.socket, backend: str) -> int:
    """Serve HTTP on the bound socket `listener` from the worker behind the unix socket `backend`, until SIGTERM."""
    server = _Server(listener, Bridge(backend))
    signal.signal(signal.SIGTERM, _leave)
    try:
        server.start()
    except KeyboardInterrupt:
        server.stop()
    return 0


def _leave(number: int, frame: object) -> None:
    raise KeyboardInterrupt


class _Server(wsgi.Server):  # type: ignore[misc]
    """cheroot's server on a socket that is bound already."""

    def __init__(self, listener: socket.socket, bridge: Bridge) -> None:
        super().__init__(listener.getsockname()[:2], bridge, numthreads=THREADS, server_name="mpfcgi")
        self._listener = listener

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        self.socket = self._listener
        return self._listener


class Backend:
    """A connection to a worker, kept between requests."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        self.client = ClientConnection()

    @property
    def stale(self) -> bool:
        """The worker has closed it, or sent something unasked."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def close(self) -> None:
        self.sock.close()


class Bridge:
    """A WSGI application that passes each request on to a worker."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: queue.LifoQueue[Backend] = queue.LifoQueue()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        backend = None
        try:
            backend = self._take()
            response = self._response(backend, environ)
            head, first = next(response)
        except (OSError, ProtocolError, StopIteration) as error:
            if backend is not None:
                backend.close()
            print(
                f"mpfcgi: {environ['REQUEST_METHOD']} {environ['PATH_INFO']}: {error or 'no answer'}", file=sys.stderr
            )
            start_response(
                "502 Bad Gateway", [("Content-Type", "text/plain"), ("Content-Length", str(len(BAD_GATEWAY)))]
            )
            return iter((BAD_GATEWAY,))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
        start_response(f"{head.status} {head.reason}", headers)
        return self._body(backend, first, response)

    def _take(self) -> Backend:
        while True:
            try:
                backend = self._idle.get_nowait()
            except queue.Empty:
                return Backend(self._path)
            if not backend.stale:
                return backend
            backend.close()

    def _body(self, backend: Backend, first: bytes, response: Iterator[Any]) -> Iterator[bytes]:
        try:
            if first:
                yield first
            for _, piece in response:
                yield piece
        except (OSError, ProtocolError, GeneratorExit):
            backend.close()
            raise
        self._idle.put(backend)

    def _response(self, backend: Backend, environ: dict[str, Any]) -> Iterator[tuple[Any, bytes]]:
        """First the head with the bytes after it, then (None, piece) until the end."""
        self._send(backend, environ)
        pieces = _stdout(backend)
        start = b""
        parsed = None
        while parsed is None:
            piece = next(pieces, None)
            if piece is None:
                raise ProtocolError("the response ended within its head")
            start += piece
            parsed = cgi_head.parse_head(start)
        yield parsed
        for piece in pieces:
            yield None, piece

    def _send(self, backend: Backend, environ: dict[str, Any]) -> None:
        client, sock = backend.client, backend.sock
        sock.sendall(client.begin_request(_params(environ), keep_conn=True))
        body = environ["wsgi.input"]
        if environ.get("CONTENT_LENGTH") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            while data := body.read(READ_SIZE):
                sock.sendall(client.stdin(data))
        sock.sendall(client.stdin_end())


def _stdout(backend: Backend) -> Iterator[bytes]:
    """The pieces of the response, to its end."""
    while True:
        event = backend.client.next_event()
        if isinstance(event, StdoutReceived):
            yield event.data
        elif isinstance(event, StderrReceived):
            sys.stderr.write(event.data.decode(errors="replace"))
        elif isinstance(event, RequestEnded):
            return
        elif event is None:
            data = backend.sock.recv(READ_SIZE)
            if not data:
                raise ConnectionError("the worker closed the connection")
            backend.client.receive_data(data)


_PASSED = (
    "REQUEST_METHOD", "REQUEST_URI", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME", "SERVER_PORT",
    "SERVER_PROTOCOL", "SERVER_SOFTWARE", "REMOTE_ADDR", "REMOTE_PORT",
)  # fmt: skip


def _params(environ: dict[str, Any]) -> dict[str, str]:
    """What nginx would send."""
    params = {name: str(environ.get(name, "")) for name in _PASSED}
    params.update(
        GATEWAY_INTERFACE="CGI/1.1",
        REQUEST_SCHEME="http",
        REDIRECT_STATUS="200",
        SERVER_ADDR=environ["SERVER_NAME"],
        SERVER_PROTOCOL=environ.get("ACTUAL_SERVER_PROTOCOL") or environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )
    params.update({name: value for name, value in environ.items() if name.startswith("HTTP_")})
    return params
