"""One connection from a front-end: the only place where a socket and the wire meet.

A channel reads requests (FastCGI 1.0, one at a time), collects their bodies, and hands each, once it is whole, to
the worker as an `Exchange`. It never waits, except when a handler has written more than MAX_OUTGOING bytes that the
front-end does not take, and when a handler reads a body that is still on its way (`RequestBuffering Off`).
"""

from __future__ import annotations

import select
import socket
import threading
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from mpfcgi.fastcgi import (
    AUTHORIZER,
    FILTER,
    RESPONDER,
    DataEnded,
    DataReceived,
    Pairs,
    ParamsReceived,
    ParamsRejected,
    ProtocolError,
    RequestAborted,
    ServerConnection,
    StdinEnded,
    StdinReceived,
)
from mpfcgi.worker import arriving
from mpfcgi.worker.arriving import READ_SIZE
from mpfcgi.worker.body import EMPTY, SpooledBody, StreamedBody, Upload
from mpfcgi.worker.exchange import Exchange
from mpfcgi.worker.outgoing import FileStretch, Outgoing

if TYPE_CHECKING:
    from mpfcgi.worker.worker import Worker

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT
# How much of a response waits for the front-end before its handler has to, in bytes.
MAX_OUTGOING = 512 * 1024
ROLE_NAMES = {AUTHORIZER: "AUTHORIZER", FILTER: "FILTER"}
# How long a connection that we end, with bytes of the peer still unread, is kept open for it to read our last ones.
LINGER = 2.0


class Channel:
    """A front-end's connection `sock` (non-blocking), served by `worker`."""

    __slots__ = (
        "_streamed",
        "begun",
        "closing",
        "deadline",
        "fd",
        "gone",
        "head",
        "lock",
        "outgoing",
        "sock",
        "upload",
        "wire",
        "worker",
    )

    def __init__(self, sock: socket.socket, worker: Worker) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.worker = worker
        self.wire = ServerConnection(limits=worker.limits, values=worker.values, seen=worker.seen)
        self.outgoing = Outgoing()
        self.lock = threading.Lock()
        self.gone = False
        # The exchange whose response was the last to be sent before its end.
        self.begun: Exchange | None = None
        self.closing = False
        self.deadline: float | None = None
        # The bytes of a request whose parameters are not complete: what another process needs to start over.
        self.head = b""
        self.upload: Upload | None = None
        # The body that the handler reads while it arrives (RequestBuffering Off).
        self._streamed: StreamedBody | None = None

    @property
    def idle(self) -> bool:
        """No request is being read, served or answered."""
        return not (self.wire.active or self.head or self.outgoing or self.closing or self.wire.buffered)

    # -- called by the event loop

    def ready(self, events: int) -> None:
        """The socket is readable or writable (epoll bits)."""
        if events & WRITABLE:
            self._drain()
        if events & ~WRITABLE and not self.gone:
            try:
                data = self.sock.recv(READ_SIZE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close()
            elif not self.closing:
                self.feed(data)

    def expire(self) -> None:
        """The time for the next bytes of a request, or of our answer, is over."""
        if not self.closing:
            self.worker.log_connection(f"closed after {self.worker.timeout:g} s without {self._awaited()}")
        self.close()

    def feed(self, data: bytes) -> None:
        """Take bytes of the front-end: serve what is complete, keep the rest. Whatever they are, nothing is raised."""
        try:
            if not self.head and not self.upload and (request := self.wire.whole_request(data)) is not None:
                worker = self.worker
                params = worker.keeps(self, request, data) if worker.routed else request.params
                if params is not None:
                    self._serve(Exchange(self, request.role, params, EMPTY))
                return
            if not self.upload:
                self.head += data
            self.wire.receive_data(data)
            self._advance()
        except ProtocolError as error:
            self.worker.log_connection(f"closed: {error}")
            self.close()
        except Exception as error:
            self.worker.failed(self, error)

    def close(self) -> None:
        """Forget the connection, whatever its state."""
        if self.gone and self.fd < 0:
            return
        self.gone = True
        self.outgoing.clear()
        if self.upload:
            self.upload.close()
            self.upload = None
        self.worker.forget(self)
        self.fd = -1
        self.sock.close()

    def release(self) -> socket.socket:
        """Give the connection away: the socket, no longer watched here."""
        self.worker.forget(self)
        self.gone, self.fd = True, -1
        return self.sock

    # -- called by the exchange, with the lock held

    def send(self, data: bytes) -> None:
        """Send `data`, or as much as the socket takes, and keep the rest."""
        if self.gone:
            return
        if self.outgoing.items:
            self.outgoing.add(data)
            self._send_outgoing()
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.gone = True
            return
        if sent < len(data):
            self.outgoing.add(memoryview(data)[sent:])

    def send_file(self, stretch: FileStretch) -> None:
        """Send a stretch of a file behind what waits; it is closed here."""
        if self.gone:
            stretch.close()
            return
        self.outgoing.add_file(stretch)
        self._send_outgoing()

    def wait_for_room(self) -> None:
        """Wait until less than MAX_OUTGOING bytes are unsent. A front-end that takes none for `Timeout` is gone.

        What comes of the request's body meanwhile is kept: Caddy sends all of it before it reads anything of the answer.
        """
        while self.outgoing.size > MAX_OUTGOING and not self.gone:
            body = None if self.wire.stdin_ended else self._streamed
            ready = self.wait(select.POLLOUT if body is None else select.POLLOUT | select.POLLIN)
            self.gone = not ready
            if body is not None and ready & ~select.POLLOUT:
                arriving.read_ahead(self, body)
            self._send_outgoing()

    def wait(self, what: int) -> int:
        """The events (poll bits) that have come; 0 when `Timeout` is over."""
        poll = select.poll()
        poll.register(self.sock, what)
        return next((events for _, events in poll.poll(self.worker.timeout * 1000)), 0)

    def break_off(self) -> None:
        """Send no more: the connection is closed when its handler has returned."""
        self.gone = True
        self.outgoing.clear()

    def peer_left(self) -> bool:
        """True when the connection's end has been seen, or can be seen now."""
        if not self.gone:
            try:
                self.gone = self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
            except BlockingIOError:
                pass
            except OSError:
                self.gone = True
        return self.gone

    # -- reading

    def _advance(self) -> None:
        """Act on the events of what was received."""
        wire = self.wire
        while not self.gone and (event := wire.next_event()) is not None:
            if isinstance(event, StdinReceived):
                self._collect(event.data, self.upload.body if self.upload else None)
            elif isinstance(event, DataReceived):
                self._collect(event.data, self.upload.data if self.upload else None)
            elif isinstance(event, ParamsReceived):
                self._begin(event)
            elif isinstance(event, ParamsRejected):
                self.head = b""
                self.worker.reject(self, event)
                self._after()
            elif isinstance(event, (StdinEnded, DataEnded)):
                self._body_ended(event)
            elif isinstance(event, RequestAborted):
                self._aborted()
        answer = wire.data_to_send()
        if answer:
            with self.lock:
                self.send(answer)
            self._after()
        if not (wire.active or wire.buffered or self.gone):
            self.head = b""
        self._set_deadline()

    def _begin(self, event: ParamsReceived) -> None:
        """The parameters are complete: refuse, give away, start at once, or collect the body first."""
        head, self.head = self.head, b""
        worker = self.worker
        if event.role in ROLE_NAMES:
            told = Pairs({**event.params, "FCGI_ROLE": ROLE_NAMES[event.role]})
            event = ParamsReceived(event.request_id, event.role, event.keep_conn, told)
        params = worker.keeps(self, event, head)
        if params is None:
            return
        if params is not event.params:
            event = ParamsReceived(event.request_id, event.role, event.keep_conn, params)
        if event.role == AUTHORIZER:
            # mod_fcgid sends no STDIN to an authorizer, not even the empty record (FastCGI 6.3).
            self._serve(Exchange(self, event.role, event.params, EMPTY))
            return
        if event.role == RESPONDER and event.params.get("CONTENT_LENGTH") == "0":
            # HAProxy leaves out the empty record after a chunked upload of nothing; the wire skips one that comes late.
            self._serve(Exchange(self, event.role, event.params, EMPTY))
            return
        limit, buffered = worker.body_rules(event.params)
        if limit and _content_length(event.params) > limit:
            self._refuse_body(event, limit)
        elif buffered or event.role == FILTER:
            self.upload = Upload(event, limit, worker.body_in_memory)
        else:
            self._streamed = StreamedBody(partial(arriving.next_piece, self), worker.body_in_memory, limit)
            self._serve(Exchange(self, event.role, event.params, self._streamed))

    def _collect(self, data: bytes, body: SpooledBody | None) -> None:
        upload = self.upload
        if upload is None or body is None:
            return
        if upload.limit and body.length + len(data) > upload.limit:
            self._refuse_body(upload.event, upload.limit)
            return
        try:
            body.append(data)
        except OSError as error:
            self._drop_upload()
            self.worker.refuse(self, upload.event, 507, f"request body can't be stored: {error}")
            self._after()

    def _body_ended(self, event: StdinEnded | DataEnded) -> None:
        upload = self.upload
        if upload is None or (upload.data is not None and isinstance(event, StdinEnded)):
            return
        self.upload = None
        upload.body.rewind()
        data = upload.data
        if data is not None:
            data.rewind()
        begun = upload.event
        self._serve(Exchange(self, begun.role, begun.params, upload.body, data))

    def _refuse_body(self, event: ParamsReceived, limit: int) -> None:
        self._drop_upload()
        self.worker.refuse(self, event, 413, f"request body is larger than LimitRequestBody {limit}")
        self._after()

    def _drop_upload(self) -> None:
        if self.upload:
            self.upload.close()
            self.upload = None

    def _aborted(self) -> None:
        """FCGI_ABORT_REQUEST before the handler began: answer its end (FastCGI 5.4)."""
        self._drop_upload()
        if self.wire.active:
            with self.lock:
                self.send(self.wire.end_request())
            self._after()

    # -- serving and after

    def _serve(self, exchange: Exchange) -> None:
        self.deadline = None
        self.worker.serve(exchange)
        self._streamed = None
        self._after()

    def _after(self) -> None:
        """A response is queued: end the connection, send what is left, or wait for the next request."""
        if self.gone:
            self.close()
        elif self.outgoing.items:
            self.worker.watch(self, READABLE | WRITABLE)
            self.deadline = monotonic() + self.worker.timeout
            self.worker.waiting.add(self)
        elif not self.wire.keep_conn and not self.wire.active:
            self._end()

    def _end(self) -> None:
        if self.wire.stdin_ended and not self.wire.buffered:
            self.close()
            return
        # Closing with unread bytes would reset the connection, and the peer lose the tail of our answer.
        self.closing = True
        self.deadline = monotonic() + LINGER
        self.worker.waiting.add(self)
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def _drain(self) -> None:
        with self.lock:
            self._send_outgoing()
        if self.gone:
            self.close()
        elif not self.outgoing:
            self.deadline = None
            self.worker.watch(self, READABLE)
            self._after()
        else:
            self.deadline = monotonic() + self.worker.timeout

    def _send_outgoing(self) -> None:
        try:
            self.outgoing.send(self.sock)
        except OSError:
            self.gone = True
            self.outgoing.clear()

    def _set_deadline(self) -> None:
        """Give a request that is only half here until `Timeout` for its next bytes."""
        if self.gone or self.outgoing or self.closing:
            return
        if self.head or self.upload or self.wire.buffered:
            self.deadline = monotonic() + self.worker.timeout
            self.worker.waiting.add(self)
        else:
            self.deadline = None

    def _awaited(self) -> str:
        if self.outgoing:
            return "the front-end taking the response"
        return "the rest of the request body" if self.upload else "the rest of the request"


def _content_length(params: dict[str, str]) -> int:
    """CONTENT_LENGTH; -1 when it is missing, empty, or says that it isn't known."""
    text = params.get("CONTENT_LENGTH", "")
    return int(text) if text.isdecimal() and text.isascii() else -1
