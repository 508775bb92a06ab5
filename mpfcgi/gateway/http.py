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

from mpfcgi import __version__
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


class _Gateway(wsgi.Gateway_10):  # type: ignore[misc]
    """WSGI with what CGI says beyond it, and a way to end the browser's connection."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        address = self.req.conn.socket.getsockname()[0]
        environ["SERVER_ADDR"] = address
        environ["SERVER_NAME"] = environ.get("HTTP_HOST", "").rpartition(":")[0] or environ.get("HTTP_HOST") or address
        environ["mpfcgi.request"] = self.req
        return environ


class _Server(wsgi.Server):  # type: ignore[misc]
    """cheroot's server on a socket that is bound already."""

    def __init__(self, listener: socket.socket, bridge: Bridge) -> None:
        super().__init__(listener.getsockname()[:2], bridge, numthreads=THREADS, server_name="mpfcgi")
        self.gateway = _Gateway
        self._listener = listener

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        self.socket = self._listener
        return self._listener


class Backend:
    """A connection to a worker, kept between requests."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Blocking until it is connected: with a timeout, connect(2) does not wait for room in the backlog.
        self.sock.connect(path)
        self.sock.setblocking(False)
        self.client = ClientConnection()
        # Whether another request may follow.
        self.usable = True
        self.sending = False

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
        if backend.sending:
            # The rest of the body belongs to the worker: cheroot must not skip to the next request.
            environ["mpfcgi.request"].close_connection = True
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
        if backend.usable:
            self._idle.put(backend)
        else:
            backend.close()

    def _response(self, backend: Backend, environ: dict[str, Any]) -> Iterator[tuple[Any, bytes]]:
        """First the head with the bytes after it, then (None, piece) until the end."""
        pieces = _exchange(backend, _request(backend.client, environ))
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


def _request(client: ClientConnection, environ: dict[str, Any]) -> Iterator[bytes]:
    """The request as it goes over the wire, read from the browser piece by piece."""
    head = client.begin_request(_params(environ), keep_conn=True)
    if environ.get("CONTENT_LENGTH") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        yield head
        head = b""
        while data := environ["wsgi.input"].read(READ_SIZE):
            yield client.stdin(data)
    yield head + client.stdin_end()


def _exchange(backend: Backend, request: Iterator[bytes]) -> Iterator[bytes]:
    """Send the request while the response arrives, so that neither waits for the other; the response's pieces.

    A worker may answer, and leave, before it has read the whole body: what it said counts.
    """
    sock, client = backend.sock, backend.client
    outgoing = memoryview(next(request))
    while True:
        backend.sending = bool(outgoing)
        event = client.next_event()
        if isinstance(event, StdoutReceived):
            yield event.data
        elif isinstance(event, StderrReceived):
            sys.stderr.write(event.data.decode(errors="replace"))
        elif isinstance(event, RequestEnded):
            backend.usable = backend.usable and not outgoing
            return
        elif event is None:
            readable, writable = _wait(sock, bool(outgoing))
            if readable:
                client.receive_data(_receive(sock))
            elif writable:
                outgoing = _send(backend, outgoing, request)


def _send(backend: Backend, outgoing: memoryview, request: Iterator[bytes]) -> memoryview:
    """Send what the worker takes now. What is to be sent next: the rest, or the next piece; nothing when it has left."""
    try:
        return outgoing[backend.sock.send(outgoing) :] or memoryview(next(request, b""))
    except (BrokenPipeError, ConnectionResetError):
        backend.usable = False
        return memoryview(b"")


def _wait(sock: socket.socket, sending: bool) -> tuple[bool, bool]:
    """Whether the socket can be read, and written. TimeoutError when the worker is silent for too long."""
    poll = select.poll()
    poll.register(sock, select.POLLIN | (select.POLLOUT if sending else 0))
    ready = poll.poll(PATIENCE * 1000)
    if not ready:
        raise TimeoutError(f"the worker said nothing for {PATIENCE:g} s")
    events = ready[0][1]
    return bool(events & ~select.POLLOUT), bool(events & select.POLLOUT)


def _receive(sock: socket.socket) -> bytes:
    data = sock.recv(READ_SIZE)
    if not data:
        raise ConnectionError("the worker closed the connection")
    return data


_PASSED = (
    "REQUEST_METHOD", "REQUEST_URI", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME", "SERVER_PORT",
    "SERVER_ADDR", "SERVER_PROTOCOL", "REMOTE_ADDR", "REMOTE_PORT",
)  # fmt: skip


def _params(environ: dict[str, Any]) -> dict[str, str]:
    """What nginx would send."""
    params = {name: str(environ.get(name, "")) for name in _PASSED}
    params.update(
        GATEWAY_INTERFACE="CGI/1.1",
        SERVER_SOFTWARE=f"mpfcgi/{__version__}",
        REQUEST_SCHEME="http",
        REDIRECT_STATUS="200",
    )
    params.update({name: value for name, value in environ.items() if name.startswith("HTTP_")})
    return params
