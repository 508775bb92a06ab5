"""Raw connections in a worker: from accept to the handler's end (manual 4.4, 4.5.5, 5.3).

One at a time: the worker is busy with a connection as with a request. In a daemon such workers do nothing else, so
that a connection that lasts for hours stops no site.
"""

from __future__ import annotations

import itertools
import os
import select
import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from mpfcgi.api import Connection
from mpfcgi.api import constants as c
from mpfcgi.api.hlist import mp_hlist
from mpfcgi.config import Listen, Server
from mpfcgi.worker import errorpages, proxy_protocol
from mpfcgi.worker.debugging import DebuggedHandler
from mpfcgi.worker.handlers import Handler, call
from mpfcgi.worker.plan import Plan
from mpfcgi.worker.stream import EndOfConnection, Stream

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle
    from mpfcgi.worker.site import Site
    from mpfcgi.worker.worker import Worker

DIRECTIVE = "PythonConnectionHandler"
FUNCTION = "connectionhandler"
# How long a connection that a handler has ended, with bytes of the client still unread, is kept open for it to read
# our last ones.
LINGER = 2.0


class Connections:
    """What one worker does with the connections of its `Listen ... connection` sockets."""

    def __init__(self, worker: Worker, cycle: Cycle, stopping: Callable[[], bool]) -> None:
        self._worker, self._cycle, self._stopping = worker, cycle, stopping
        self._numbers = itertools.count(1)
        self._handlers: dict[Server, Handler] = {}

    def serve(self, sock: socket.socket, listen: Listen) -> None:
        """Run the handler of a new connection, and close it."""
        worker = self._worker
        site = self._cycle.sites.of(self._cycle.resolver.server_at(listen))
        if sock.family != socket.AF_UNIX:
            # A read may wait for ever: the kernel must find out that the client's machine is gone.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        timeout: float = site.settings.get("Timeout", 60.0)
        stream = Stream(sock, timeout, worker.setup.control, self._stopping)
        worker.slot.begin()
        try:
            addresses = self._addresses(stream, listen, timeout)
            worker.slot.describe(f"connection from {_text(addresses[0])} to {_text(addresses[1])}".encode())
            self._handle(Connection(self._params(*addresses), site.object, stream, stream), stream, site)
        except (proxy_protocol.BadHeader, OSError) as error:
            worker.log_connection(f"closed: {error}")
        finally:
            worker.slot.idle()
            if worker.watchdog.asleep:
                # It counts what has been served.
                worker.watchdog.wake()
        self._end(sock)

    def _addresses(
        self, stream: Stream, listen: Listen, timeout: float
    ) -> tuple[proxy_protocol.Address, proxy_protocol.Address]:
        """The client's and our address: the socket's, or what a proxy says."""
        client, local = _address(stream.sock.getpeername()), _address(stream.sock.getsockname())
        if listen.proxy_protocol:
            proxied = _read_proxy_header(stream, timeout)
            client, local = proxied.client or client, proxied.local or local
        return client, local

    def _params(self, client: proxy_protocol.Address, local: proxy_protocol.Address) -> dict[str, str]:
        """What a front-end would send of a connection."""
        return {
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
            "SERVER_ADDR": local[0],
            "SERVER_PORT": str(local[1]),
            # Unique among all processes as long as the connection lasts.
            "CONNECTION": str(os.getpid() << 24 | next(self._numbers) & 0xFFFFFF),
        }

    def _handle(self, conn: Connection, stream: Stream, site: Site) -> None:
        """Run the handler; DECLINED lets HTTP answer, other results change nothing. What it raises is logged."""
        handler = self._handler(site)
        conn._hlist = mp_hlist(handler, "")
        cycle = self._cycle
        plan: Plan = site.plan
        cycle.importer.new_request()
        try:
            cycle.set_python_path(plan.python_path)
            result = call(handler, conn, cycle.importer, plan.imports)
        except BaseException as error:
            self._failed(handler, conn, error)
            return
        finally:
            if cycle.forks.in_child:
                cycle.forks.leave(f"ConnectionHandler {handler.name}")
        if result == c.DECLINED:
            self._speak_http(conn, stream, site)

    def _speak_http(self, conn: Connection, stream: Stream, site: Site) -> None:
        # Few handlers decline: others need no HTTP server in their process.
        from mpfcgi.worker import plain_http

        stream.patience = site.settings.get("Timeout", 60.0)
        plain_http.answer(stream, conn, self._cycle, self._worker.log_connection)

    def _handler(self, site: Site) -> Handler:
        """The configured handler of a server. Its module is looked for in sys.path, which PythonPath sets."""
        handler = self._handlers.get(site.server)
        if handler is None:
            kind = DebuggedHandler if site.settings.get("PythonEnablePdb") else Handler
            handler = self._handlers[site.server] = kind(site.settings.get(DIRECTIVE), FUNCTION, None)
        return handler

    def _failed(self, handler: Handler, conn: Connection, error: BaseException) -> None:
        where = f"ConnectionHandler {handler.name}"
        if isinstance(error, EndOfConnection) or (isinstance(error, OSError) and conn.aborted):
            # The client went away while the handler spoke with it: that is normal.
            conn.log_error(f"{where}: {error}", c.APLOG_INFO)
            return
        for item in errorpages.format_exception(error):
            conn.log_error(f"{where}: {item.removesuffix(chr(10))}")

    def _end(self, sock: socket.socket) -> None:
        """Close the connection, but not before the client has what we wrote."""
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            sock.close()
            return
        Lingering(sock, self._worker).ready(select.EPOLLIN)


class Lingering:
    """A connection that is over for us. Closing it with unread bytes would reset it, and what we wrote last be lost."""

    def __init__(self, sock: socket.socket, worker: Worker) -> None:
        self.sock, self._worker = sock, worker
        self.deadline: float | None = monotonic() + LINGER
        worker.linger(self)

    def ready(self, events: int) -> None:
        """Drop what has come; close at the client's end."""
        try:
            while self.sock.recv(65536):
                pass
        except BlockingIOError:
            return
        except OSError:
            pass
        self.expire()

    def expire(self) -> None:
        """Close it, whatever the client does."""
        self._worker.part_with(self)
        self.sock.close()


def _read_proxy_header(stream: Stream, timeout: float) -> proxy_protocol.Proxied:
    """The PROXY header at a connection's beginning. BadHeader, also when it does not come within `timeout` seconds."""
    deadline = monotonic() + timeout
    while (data := stream.peek(max(deadline - monotonic(), 0))) is not None:
        proxied = proxy_protocol.parse(data)
        if proxied is not None:
            stream.skip(proxied.size)
            return proxied
    raise proxy_protocol.BadHeader("the connection ended, or waited too long, before its PROXY header was complete")


def _address(name: object) -> proxy_protocol.Address:
    """(address, port) of a socket's name; ("", 0) for unix sockets."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("", 0)


def _text(address: proxy_protocol.Address) -> str:
    return f"{address[0]}:{address[1]}" if address[0] else "a unix socket"
